//! The judge: experiments, comparison, verdicts, evidence and their store.
