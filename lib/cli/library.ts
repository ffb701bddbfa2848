/** Loads the library. By name and on demand: the built command shares the file with the app, and `--help` loads nothing. */
export function loadLibrary(): typeof import('passport-criteo') {
  return require('passport-criteo');
}

/** Loads the sandbox, which only the command `sandbox` needs. */
export function loadSandbox(): typeof import('passport-criteo/sandbox') {
  return require('passport-criteo/sandbox');
}
