/** What this build is; scripts/build.js writes both into dist/, so that nothing needs to be read to tell. */
export const BUILD: { readonly version: string; readonly commit: string } = {
  version: 'unknown',
  commit: 'unknown',
};
