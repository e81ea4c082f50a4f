#!/usr/bin/env python3
"""The differential fuzzer: compares the oracle and every binding on random documents and contexts, byte by byte

At the first difference it prints the seed and the smallest reproduction that it found, and exits with 1. An input is a
context at an instant for a document; most inputs evaluate every flag of the document.
"""

import argparse
import json
import multiprocessing
import queue
import random
import sys
import time
from collections.abc import Container, Iterator
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "oracle"))
sys.path.insert(0, str(Path(__file__).parents[1] / "vendors"))

import values
from generate import Generator
from processes import Process, SilentError
from reached import Coverage
from shrink import shrink
from testee import Testee as Oracle
from text import write

QUESTIONS = 40  # contexts for each document
BATCH = 25  # documents in progress at once
EXPLAIN, EVALUATE = '{"op":"explain"', '{"op":"evaluate"'  # the beginnings of lines


def inputs(seed: str, number: int) -> tuple[dict, list[dict]]:
    """The document of a number and its requests"""
    generator = Generator(seed, number, values.slot)
    document = generator.document()
    return document, generator.questions(document, QUESTIONS)


def lines_of(document: dict, questions: list[dict], seed: int) -> list[str]:
    """Lines for a testee, with numbers in different notations"""
    spelling = random.Random(seed)
    return [
        write({"op": "load", "document": document}, spelling),
        *(write(question, spelling) for question in questions),
    ]


def names_of(document: dict) -> Iterator[object]:
    """The keys of the objects of a document and the entries of their lists; none if shrinking made it something else"""
    for section in document.values() if isinstance(document, dict) else ():
        for key, owner in section.items() if isinstance(section, dict) else ():
            yield key
            for member in ("overrides", "include", "exclude"):
                lists = owner.get(member) if isinstance(owner, dict) else None
                for name, entries in lists.items() if isinstance(lists, dict) else ():
                    yield name
                    yield from entries if isinstance(entries, dict | list) else ()


def is_storable(document: dict) -> bool:
    """Whether the server can store a document: PostgreSQL does not allow NUL in a text, so names must not contain it"""
    return not any(isinstance(name, str) and "\0" in name for name in names_of(document))


def comparable(line: str) -> str:
    """The compared part of a response: for a load the broken objects, otherwise every byte"""
    if not line.startswith('{"issues":'):
        return line
    loaded = json.loads(line)
    broken = {"/".join(issue["pointer"].split("/")[:3]) for issue in loaded["issues"]}
    return json.dumps([loaded["ok"], sorted(broken)])


def is_explained(outcome: str, answer: str) -> bool:
    """Whether a response explains this outcome"""
    return answer.startswith(f'{{"outcome":{outcome},"trace":[') and answer.endswith("]}")


class Comparison:
    """The oracle and some bindings"""

    def __init__(self, bindings: list[str]) -> None:
        """Create the comparison without starting processes"""
        self.oracle = Oracle()
        self.processes = [Process(binding) for binding in bindings]
        self.coverage = Coverage()

    def close(self) -> None:
        """End the testees"""
        for process in self.processes:
            process.close()

    def expected(self, line: str) -> str:
        """The oracle's response; for an explanation the outcome only, since the oracle has no traces"""
        return comparable(self.oracle.answer(line.replace(EXPLAIN, EVALUATE, 1)))

    def difference(
        self, lines: list[str], *, unstorable: Container[int] = (), counts: bool = False
    ) -> tuple[int, str, str, str] | None:
        """The first difference: (line, binding, expected response, response of the binding)

        Outcomes are compared with the oracle's, traces with those of the first binding. The server's responses about
        documents that it cannot store are not compared.
        """
        under_way = [process.ask(lines) for process in self.processes]
        expected = [self.expected(line) for line in lines]
        first = None
        for answers in under_way:
            try:
                found = answers.wait()
            except SilentError as error:
                found = [*answers.found, str(error)]
            if counts and answers is under_way[0]:
                for line in found:
                    self.coverage.add(line)
            for index, (one, line) in enumerate(zip(expected, found, strict=False)):
                wanted, other = one, comparable(line)
                if answers is under_way[0] and EXPLAIN in lines[index] and is_explained(one, other):
                    wanted = expected[index] = other
                if answers.owner.binding == "server" and index in unstorable:
                    continue
                if wanted != other and (first is None or index < first[0]):
                    first = index, answers.owner.binding, wanted, other
        return first


def documents_of(worker: int, workers: int, first: int, count: int) -> Iterator[list[int]]:
    """The numbers of the documents of a worker, in batches"""
    numbers = range(first + worker, first + count, workers)
    for start in range(0, len(numbers), BATCH):
        yield list(numbers[start : start + BATCH])


def work(worker: int, options: argparse.Namespace, failed: multiprocessing.Event, done: multiprocessing.Queue) -> None:
    """Compare one process's share of the documents"""
    comparison = Comparison(options.bindings)
    documents = -(-options.count // QUESTIONS)
    for batch in documents_of(worker, options.workers, options.first, documents):
        if failed.is_set():
            break
        lines, owners, unstorable = [], [], set()
        for number in batch:
            document, questions = inputs(options.seed, number)
            own = lines_of(document, questions, number)
            if not is_storable(document):
                unstorable.update(range(len(lines), len(lines) + len(own)))
            lines += own
            owners += [number] * len(own)
        difference = comparison.difference(lines, unstorable=unstorable, counts=True)
        if difference is not None:
            if not failed.is_set():
                failed.set()
                explain(comparison, options, owners[difference[0]], difference)
            break
        done.put((len(batch) * QUESTIONS, comparison.coverage))
        comparison.coverage = Coverage()
    comparison.close()
    done.put(None)
    if failed.is_set():
        done.cancel_join_thread()  # the parent may not read the queue any more


def explain(
    comparison: Comparison, options: argparse.Namespace, number: int, in_batch: tuple[int, str, str, str]
) -> None:
    """Print the first difference of a document, as small as possible; `in_batch` is that among other documents"""
    document, questions = inputs(options.seed, number)
    difference = comparison.difference(lines_of(document, questions, number))
    if difference is None:
        print(
            f"seed {options.seed}, document {number}: the difference does not occur with this document alone\n"
            f"  oracle:   {in_batch[2]}\n  {in_batch[1] + ':':<9} {in_batch[3]}",
            flush=True,
        )
        return
    question = questions[max(difference[0] - 1, 0)]

    def lines(case: dict) -> list[str]:
        # A refused document leaves the previous one in use, so load one first.
        loads = [{"op": "load", "document": document} for document in ({"schemaVersion": 1}, case["document"])]
        return [write(line, None) for line in (*loads, case["question"])]

    def differs(case: dict) -> bool:
        if not is_storable(case["document"]) and "server" in options.bindings:
            return False
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
        f"to reproduce: {Path(__file__).name} {again}",
        flush=True,
    )


def main() -> int:
    """Run the workers and print the result"""
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
    failed, done = multiprocessing.Event(), multiprocessing.Queue()
    workers = [
        multiprocessing.Process(target=work, args=(worker, options, failed, done)) for worker in range(options.workers)
    ]
    for process in workers:
        process.start()
    count, coverage, ended = 0, Coverage(), 0
    while ended < len(workers) and not (failed.is_set() or any(process.exitcode for process in workers)):
        try:
            part = done.get(timeout=1)
        except queue.Empty:
            continue
        if part is None:
            ended += 1
        else:
            count += part[0]
            coverage.update(part[1])
            if sys.stderr.isatty():
                print(f"\r{count} inputs", end="\r", file=sys.stderr, flush=True)
    if ended < len(workers):
        failed.set()  # one has failed or crashed, so the others can stop
    for process in workers:
        process.join()
    seconds = time.monotonic() - started
    if failed.is_set() or any(process.exitcode for process in workers):
        return 1
    names = ", ".join(["oracle", *options.bindings])
    print(f"{count} inputs, seed {options.seed}: no difference among {names} ({seconds:.0f} s)")
    print(*coverage.report(), sep="\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
