import express from 'express';
import session from 'express-session';
import passport from 'passport';
import { CriteoStrategy } from 'passport-criteo';
import { createSandbox } from 'passport-criteo/sandbox';
import { run } from './login-flow.cjs';

export const signIn = () => run({ express, session, passport, CriteoStrategy, createSandbox });
