/** This package's version, as in package.json; part of the `User-Agent` that Criteo sees. */
export const version = '1.0.0';
