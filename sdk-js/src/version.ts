/** The version of this package and of those that it is bundled into; a test holds it to theirs. */
export const VERSION = '0.1.0';
