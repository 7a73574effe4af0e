/** Bit positions of the task's own part of the terms, in a task word and in the terms. */
const partInWord = 176n;
const partInTerms = 168n;

/** The task's part of a request's terms, in its place within them. Equals `TaskWord.termsPart`. */
export function taskTerms(taskWord: bigint): bigint {
  return (taskWord >> partInWord) << partInTerms;
}

/** Whether these terms are the task's, as far as the task decides them. Equals `TaskWord.matches`. */
export function matchesTerms(taskWord: bigint, terms: bigint): boolean {
  return terms >> partInTerms === taskWord >> partInWord;
}
