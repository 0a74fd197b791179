"""Run independent jobs in parallel, in local processes or on a Dask cluster, with a progress bar."""

import os
import signal
import sys
from collections.abc import Callable, Hashable, Iterator, Mapping
from concurrent.futures import Executor
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any

from .files.problems import InputError

if TYPE_CHECKING:
    from multiprocessing.process import BaseProcess

ANSWER = 5
"""Seconds that a scheduler has to answer and provide a worker."""


def is_worker() -> bool:
    """Whether this process does jobs of another, which shows their progress."""
    from multiprocessing import parent_process

    return parent_process() is not None


def announce(text: str) -> None:
    """Say on standard error what long work begins, except in a worker."""
    if not is_worker():
        print(text, file=sys.stderr, flush=True)


def done(
    function: Callable[..., Any],
    jobs: Mapping[Hashable, tuple],
    label: str,
    workers: int = 2,
    begin: Callable[..., None] | None = None,
    given: tuple = (),
    scheduler: str | None = None,
    size: Callable[[Any], int] = lambda key: 1,
) -> Iterator[tuple[Hashable, Any]]:
    """The key and result of each job, as each completes.

    Parameters
    ----------
    begin, given
        `begin(*given)` runs once in each process of this machine before its jobs.
    scheduler : str, optional
        Address of a Dask scheduler whose workers do the jobs; they must have the same checkout.
    size
        The length of a job on the progress bar, from its key.

    Raises
    ------
    InputError
        If the scheduler does not answer, has no worker, or goes away.
    """
    from concurrent.futures import CancelledError, as_completed

    from tqdm import tqdm

    if not jobs:
        return
    pool_of = cluster(scheduler) if scheduler else processes(min(workers, len(jobs)), begin, given)
    with pool_of as pool, tqdm(total=sum(map(size, jobs)), desc=label, disable=None) as bar:
        keys = {pool.submit(function, *arguments): key for key, arguments in jobs.items()}
        for future in as_completed(keys):
            try:
                result = future.result()
            except CancelledError:
                raise _refused(
                    "went away; finished jobs are kept, run the command again", scheduler
                ) from None
            bar.update(size(keys[future]))
            yield keys[future], result


@contextmanager
def processes(
    workers: int, begin: Callable[..., None] | None = None, given: tuple = ()
) -> Iterator[Executor]:
    """Processes on this machine, killed at once if a job fails or the caller stops."""
    from concurrent.futures import ProcessPoolExecutor
    from multiprocessing import active_children, get_context
    from threading import enumerate as threads

    others = set(threads())
    with ProcessPoolExecutor(workers, get_context("spawn"), _begun, (begin, given)) as pool:
        try:
            yield pool
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            for process in active_children():
                kill(process)
            # The pool's own thread tidies up; if the interpreter ended first, it would fail aloud.
            for thread in set(threads()) - others:
                if not thread.daemon:
                    thread.join(ANSWER)
            raise


def kill(process: "BaseProcess") -> None:
    """Kill a process and those that it started, such as chains, which would go on sampling."""
    # It has no group yet, or all in it have ended (macOS).
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
    process.kill()


def _begun(begin: Callable[..., None] | None, given: tuple) -> None:
    """Begin the work of a process, in a group of its own; Ctrl-C is left to the process that started it."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    os.setpgid(0, 0)
    if begin:
        begin(*given)


@contextmanager
def cluster(address: str) -> Iterator[Executor]:
    """The workers of a Dask scheduler; if a worker dies, its jobs run again on another one."""
    import asyncio

    try:
        from distributed import Client, rpc
    except ImportError:
        raise _refused("needs the extra `cluster`: pip install --editable '.[cluster]'", address) from None

    async def ask() -> None:
        async with rpc(address) as scheduler:
            await scheduler.identity()

    try:
        # Client would wait forever for a port that accepts the connection but never answers.
        asyncio.run(asyncio.wait_for(ask(), ANSWER))
        client = Client(address, timeout=ANSWER, set_as_default=False)
    except TimeoutError:
        raise _refused(f"does not answer within {ANSWER} seconds", address) from None
    except (OSError, ValueError) as error:
        raise _refused(f"does not answer: {error}", address) from None
    with client:
        try:
            client.wait_for_workers(1, timeout=ANSWER)
        except TimeoutError:
            raise _refused(f"has no worker within {ANSWER} seconds", address) from None
        pool = client.get_executor(pure=False)
        try:
            yield pool
        except BaseException:
            pool.shutdown(wait=False)
            raise


def _refused(why: str, address: str | None) -> InputError:
    return InputError.at("options", 0, 0, f"the Dask scheduler {address} {why}", "scheduler")
