"""Independent jobs in parallel processes, with a progress bar on a terminal."""

from collections.abc import Callable, Hashable, Iterator, Mapping
from typing import Any


def done(function: Callable[..., Any], jobs: Mapping[Hashable, tuple], label: str, workers: int = 2,
         begin: Callable[..., None] | None = None, given: tuple = ()) -> Iterator[tuple[Hashable, Any]]:
    """The key and result of each job as it is done; `begin(*given)` runs once in each process before its jobs.

    Where a job fails, or the caller stops, the jobs under way are ended at once: none of them may write by itself.
    """
    from concurrent.futures import ProcessPoolExecutor, as_completed
    from multiprocessing import active_children, get_context

    from tqdm import tqdm

    if not jobs:
        return
    with ProcessPoolExecutor(min(workers, len(jobs)), mp_context=get_context("spawn"), initializer=begin,
                             initargs=given) as pool:
        keys = {pool.submit(function, *arguments): key for key, arguments in jobs.items()}
        try:
            for future in tqdm(as_completed(keys), total=len(keys), desc=label, disable=None):
                yield keys[future], future.result()
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            for process in active_children():
                process.kill()
            raise
