#!/usr/bin/env python3
"""The differential fuzzer: random documents and contexts, the oracle's answers against every binding's, byte by byte

Exits 1 at the first difference, having printed the seed and the smallest reproduction that it found. An input is a
context at an instant over a document; most are answered for every flag of the document.
"""

import argparse
import json
import multiprocessing
import random
import sys
import time
from collections.abc import Iterator
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "oracle"))

import values
from generate import Generator
from processes import Process, SilentError
from shrink import shrink
from testee import Testee as Oracle
from text import write

QUESTIONS = 40  # contexts for each document
BATCH = 25  # documents that are under way at once


def inputs(seed: str, number: int) -> tuple[dict, list[dict]]:
    """The document of a number and its questions"""
    generator = Generator(seed, number, values.slot)
    document = generator.document()
    return document, generator.questions(document, QUESTIONS)


def lines_of(document: dict, questions: list[dict], seed: int) -> list[str]:
    """What is sent to a testee, with numbers spelled in many ways"""
    spelling = random.Random(seed)
    return [
        write({"op": "load", "document": document}, spelling),
        *(write(question, spelling) for question in questions),
    ]


def comparable(line: str) -> str:
    """An answer as it is compared: of a load only which parts are broken, of anything else every byte"""
    if not line.startswith('{"issues":'):
        return line
    loaded = json.loads(line)
    broken = {"/".join(issue["pointer"].split("/")[:3]) for issue in loaded["issues"]}
    return json.dumps([loaded["ok"], sorted(broken)])


class Comparison:
    """The oracle and some bindings"""

    def __init__(self, bindings: list[str]) -> None:
        """Starts nothing yet"""
        self.oracle = Oracle()
        self.processes = [Process(binding) for binding in bindings]

    def close(self) -> None:
        """End the testees"""
        for process in self.processes:
            process.close()

    def difference(self, lines: list[str]) -> tuple[int, str, str, str] | None:
        """The first difference: (line, binding, the oracle's answer, the binding's)"""
        under_way = [process.ask(lines) for process in self.processes]
        expected = [comparable(self.oracle.answer(line)) for line in lines]
        first = None
        for answers in under_way:
            try:
                found = [comparable(line) for line in answers.wait()]
            except SilentError as error:
                found = [*(comparable(line) for line in answers.found), str(error)]
            for index, (one, other) in enumerate(zip(expected, found, strict=False)):
                if one != other and (first is None or index < first[0]):
                    first = index, answers.owner.binding, one, other
        return first


def documents_of(worker: int, workers: int, first: int, count: int) -> Iterator[list[int]]:
    """The numbers of the documents of a worker, in batches"""
    numbers = range(first + worker, first + count, workers)
    for start in range(0, len(numbers), BATCH):
        yield list(numbers[start : start + BATCH])


def work(worker: int, options: argparse.Namespace, failed: multiprocessing.Event, done: multiprocessing.Value) -> None:
    """One process of several: compare its share of the documents"""
    comparison = Comparison(options.bindings)
    documents = -(-options.count // QUESTIONS)
    for batch in documents_of(worker, options.workers, options.first, documents):
        if failed.is_set():
            break
        lines, owners = [], []
        for number in batch:
            document, questions = inputs(options.seed, number)
            own = lines_of(document, questions, number)
            lines += own
            owners += [number] * len(own)
        difference = comparison.difference(lines)
        if difference is not None:
            if not failed.is_set():
                failed.set()
                explain(comparison, options, owners[difference[0]])
            break
        with done.get_lock():
            done.value += len(batch) * QUESTIONS
    comparison.close()


def explain(comparison: Comparison, options: argparse.Namespace, number: int) -> None:
    """Print the first difference of a document, made as small as can be"""
    document, questions = inputs(options.seed, number)
    difference = comparison.difference(lines_of(document, questions, number))
    if difference is None:
        print(f"seed {options.seed}, document {number}: the difference does not show alone", flush=True)
        return
    question = questions[max(difference[0] - 1, 0)]

    def lines(case: dict) -> list[str]:
        # A document that is refused leaves what was loaded before, so something is loaded before.
        loads = [{"op": "load", "document": document} for document in ({"schemaVersion": 1}, case["document"])]
        return [json.dumps(line) for line in (*loads, case["question"])]

    def differs(case: dict) -> bool:
        found = comparison.difference(lines(case))
        return found is not None and not found[2].startswith('{"error"')

    case = {"document": document, "question": question}
    if differs(case):
        case = shrink(case, differs)
    found = comparison.difference(lines(case)) or difference
    again = f"--seed {options.seed} --first {number} --count 1 --bindings {','.join(options.bindings)}"
    print(
        f"seed {options.seed}, document {number}: `{found[1]}` and the oracle differ\n"
        f"  document: {json.dumps(case['document'], ensure_ascii=False)}\n"
        f"  question: {json.dumps(case['question'], ensure_ascii=False)}\n"
        f"  oracle:   {found[2]}\n  {found[1] + ':':<9} {found[3]}\n"
        f"again: {Path(__file__).name} {again}",
        flush=True,
    )


def main() -> int:
    """Run the workers and tell how it went"""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--count", type=int, default=2000, help="inputs")
    parser.add_argument("--seed", default="0")
    parser.add_argument("--first", type=int, default=0, help="number of the first document")
    parser.add_argument(
        "--bindings", type=lambda text: text.split(","), default=["rust"], help="rust,python,node,node-wasm,server"
    )
    parser.add_argument("--workers", type=int, default=multiprocessing.cpu_count())
    options = parser.parse_args()
    started = time.monotonic()
    failed, done = multiprocessing.Event(), multiprocessing.Value("q", 0)
    workers = [
        multiprocessing.Process(target=work, args=(worker, options, failed, done)) for worker in range(options.workers)
    ]
    for process in workers:
        process.start()
    for process in workers:
        process.join()
    seconds = time.monotonic() - started
    if failed.is_set() or any(process.exitcode for process in workers):
        return 1
    names = ", ".join(["oracle", *options.bindings])
    print(f"{done.value} inputs, seed {options.seed}: no difference among {names} ({seconds:.0f} s)")
    return 0


if __name__ == "__main__":
    sys.exit(main())
