const express = require('express');
const session = require('express-session');
const passport = require('passport');
const { CriteoStrategy } = require('passport-criteo');
const { createSandbox } = require('passport-criteo/sandbox');
const { run } = require('./login-flow.cjs');

exports.signIn = () => run({ express, session, passport, CriteoStrategy, createSandbox });
