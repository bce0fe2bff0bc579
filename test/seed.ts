import fc from 'fast-check';

/** The seed of all properties: the same in every run, so that a failure is a change's; HOOKS_TEST_SEED searches further. */
const seed = Number(process.env['HOOKS_TEST_SEED'] ?? 20_261_122);

fc.configureGlobal({ seed });
