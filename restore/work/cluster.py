"""A batch on a Dask cluster: an existing one, or workers of this machine.

    cluster = Cluster("tcp://scheduler:8786")
    cluster.ready()
    for ended in cluster.run(tasks):
        ...
    cluster.close()

What travels is a task: places of photos, a recipe, settings. Each worker reads and writes the
photos itself, and gets the networks once, when it joins. The scheduler knows of a few tasks at a
time, however many there are. Imported only where Dask is wanted.
"""

from __future__ import annotations

import concurrent.futures
import faulthandler
import logging
import os
import signal
import tempfile
import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import dask  # noqa: TID253
import distributed  # noqa: TID253
from distributed import WorkerPlugin  # noqa: TID253

from restore._version import __version__
from restore.context import THREADS, Context, cores
from restore.errors import Died, RestoreError
from restore.models import weights
from restore.work.pool import Ended, Tell
from restore.work.remote import named
from restore.work.rolls import PlanOf, Share
from restore.work.tasks import AUTO, Restore, recipe_of

NAME = "restore"
AHEAD = 2
"""Tasks in the scheduler for each thread of the cluster: one at work, one at hand."""
LEAST = 16
"""The same in all, at least."""
LOOK = 2.0
"""Seconds after which the number of threads is asked for again: workers come and go."""
RETRIES = 2
"""Times that a task is tried again for what is not the photo's fault."""
SHARE = 0.75
"""Share of a worker's memory that a photo may use."""
ALONE = {
    "distributed.nanny.pre-spawn-environ": dict.fromkeys(
        ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"), 1
    ),
    "distributed.worker.profile.enabled": False,
}
"""Settings of workers of this machine. Dask's own have malloc return memory at once, which doubles
the work on arrays of megabytes, and look at every thread a hundred times a second."""
DIED = "the workers died that worked on it; the file may be damaged, or memory ran out"
PATIENCE = 60.0
"""Seconds to wait for the first worker: it may be starting."""
ANSWER = 10.0
"""Seconds in which a scheduler that is alive answers; also, to come back after it was lost."""


class Photos(WorkerPlugin):  # type: ignore[misc]
    """What a worker holds from task to task: the networks.

    Parameters
    ----------
    models
        Installed models that come along, by file name.
    threads
        That render a photo.
    deaf
        Leave a Ctrl-C, which workers of the same terminal get as well, to the command.
    """

    name = NAME
    context: Context

    def __init__(self, models: dict[str, bytes], threads: int = 1, deaf: bool = False) -> None:
        self.models, self.threads, self.deaf = models, threads, deaf
        self.folder: tempfile.TemporaryDirectory[str] | None = None

    def setup(self, worker: Any) -> None:
        """A worker joins: place the networks."""
        os.environ[THREADS] = str(self.threads)  # for the networks' engine
        self.context = Context(threads=self.threads, alone=worker.state.nthreads == 1)
        if self.deaf:
            signal.signal(signal.SIGINT, signal.SIG_IGN)
        if self.models:
            self.folder = tempfile.TemporaryDirectory(dir=worker.local_directory)
            for name, content in self.models.items():
                (Path(self.folder.name) / name).write_bytes(content)
            os.environ["RESTORE_MODELS"] = self.folder.name

    def teardown(self, worker: Any) -> None:
        """A worker leaves."""
        if self.folder:
            self.folder.cleanup()


def work(task: Any) -> tuple[Any, RestoreError | None, float]:
    """Do one task on a worker: its outcome, or what it met, and the seconds it took."""
    from distributed import get_worker

    from restore.work.worker import trouble

    worker, began = get_worker(), time.monotonic()
    plugin = worker.plugins[NAME]
    limit = worker.memory_manager.memory_limit
    threads = max(1, worker.state.nthreads)
    if limit and task.memory is None:
        task = replace(task, memory=SHARE * limit / threads)
    # One thread: a decoder that hangs ends this process, and Dask starts another.
    guard = _guard if threads == 1 else _unguarded
    try:
        outcome = task.done(plugin.context, lambda share: None, guard)
    except Exception as error:
        return None, trouble(task, error), time.monotonic() - began
    finally:
        faulthandler.cancel_dump_traceback_later()
    return outcome, None, time.monotonic() - began


def _guard(seconds: float, what: str) -> None:
    faulthandler.dump_traceback_later(seconds, exit=True)


def _unguarded(seconds: float, what: str) -> None:
    """Nothing ends a thread."""


class Cluster:
    """An engine like `pool.Pool`.

    Parameters
    ----------
    address
        Of the scheduler; "" for workers of this machine.
    jobs
        Workers of this machine; as many as processors if None.
    patience
        Seconds to wait for the first worker.
    """

    def __init__(
        self, address: str = "", jobs: int | None = None, patience: float = PATIENCE
    ) -> None:
        self._patience = patience
        logging.getLogger("distributed").setLevel(logging.ERROR)  # that workers die is no news
        self._stopping = False
        self._local: Any = None
        self._jobs = jobs or cores()
        if not address:
            with dask.config.set(ALONE):
                self._local = distributed.LocalCluster(
                    n_workers=self._jobs,
                    threads_per_worker=1,
                    dashboard_address=None,
                    silence_logs=logging.ERROR,
                )
        self._client = _client(self._local or address)

    def ready(self) -> None:
        """Wait for a worker, and place what they need.

        Raises
        ------
        RestoreError
            If there is none, or it has another version.
        """
        try:
            self._client.wait_for_workers(1, timeout=self._patience)
        except TimeoutError:
            raise RestoreError(
                f"the Dask cluster has no workers after {self._patience:.0f} s; start some"
            ) from None
        plugin = Photos({}, -(-cores() // self._jobs), True) if self._local else Photos(_models())
        try:
            self._client.register_plugin(plugin)
            versions = self._client.run(_version)
        except Exception as error:
            raise RestoreError(
                f"the Dask workers cannot do this: {type(error).__name__}: {error}; install the "
                "same version of restore-photos on them"
            ) from error
        for worker, version in versions.items():
            if version != __version__:
                raise RestoreError(
                    f"{worker}: has restore {version}, but {__version__} is wanted; install the "
                    "same version there"
                )

    def stop(self) -> None:
        """Take no more tasks; what is running is finished. May be called by a signal handler."""
        self._stopping = True

    def run(self, tasks: Iterable[Any], tell: Tell = lambda task, share: None) -> Iterator[Ended]:
        """Do tasks, and say of each how it ended, in the order in which they do.

        Parameters
        ----------
        tasks
            As for `pool.Pool.run`.
        """
        source = iter(tasks)
        pending: dict[str, Any] = {}
        suspects: list[Any] = []  # their worker died, maybe of another task
        ends = distributed.as_completed([], loop=self._client.loop, raise_errors=False)
        drained = False
        window, looked = 0, -LOOK
        while True:
            if time.monotonic() > looked + LOOK:
                threads = sum(self._client.nthreads().values())
                window, looked = max(LEAST, AHEAD * threads), time.monotonic()
            waiting = False
            while len(pending) < window and not (drained or self._stopping or waiting):
                try:
                    task = next(source)
                except StopIteration:
                    drained = True
                    break
                waiting = task is None
                if not waiting:
                    self._submit(task, pending, ends)
                    tell(task, 0.0)
            if pending:
                future = next(ends)
                task = pending.pop(future.key)
                ended = _ended(task, future)
                del future  # the scheduler forgets it
                if ended:
                    yield ended
                else:
                    suspects.append(task)
            elif suspects and (drained or self._stopping):
                task = suspects.pop(0)
                self._submit(task, pending, ends)  # alone: now it is its own fault
                future = next(ends)
                del pending[future.key]
                yield _ended(task, future) or Ended(task, error=Died(f"{named(task.path)}: {DIED}"))
                del future
            elif drained or self._stopping:
                return
            elif waiting:
                time.sleep(0.1)

    def _submit(self, task: Any, pending: dict[str, Any], ends: Any) -> None:
        future = self._client.submit(work, _sent(task), pure=False, retries=RETRIES)
        pending[future.key] = task
        ends.add(future)

    def close(self) -> None:
        """Leave the cluster; workers of this machine end."""
        with suppress(Exception):
            self._client.close(timeout=5)
        if self._local:
            with suppress(Exception):
                self._local.close(timeout=10)


def _client(where: Any) -> Any:
    """The client of a cluster or an address; RestoreError if no scheduler answers there in time.

    In a thread: Dask waits for ever where something else than a scheduler answers.
    """
    outcome: list[Any] = []

    def connect() -> None:
        try:
            outcome.append(distributed.Client(where, set_as_default=False, timeout=ANSWER))
        except Exception as error:  # what else answers may be taken for a size of memory
            outcome.append(error)

    thread = threading.Thread(target=connect, daemon=True)
    thread.start()
    thread.join(ANSWER + 2)
    client = outcome[0] if outcome else TimeoutError(f"not within {ANSWER:.0f} s")
    if isinstance(client, Exception):
        reason = (str(client) or type(client).__name__).splitlines()[0]
        raise RestoreError(f"{where}: no Dask scheduler answers there: {reason}") from client
    return client


def _sent(task: Any) -> Any:
    """The task as it travels: with its recipe, whose file may be on this machine only."""
    kinds = (Restore, PlanOf, Share)
    if isinstance(task, kinds) and isinstance(task.recipe, str) and task.recipe != AUTO:
        return replace(task, recipe=recipe_of(task.recipe, task.settings), settings={})
    return task


def _ended(task: Any, future: Any) -> Ended | None:
    """How a task ended; None if the workers died that worked on it.

    Waits again if the worker that held the answer has died meanwhile.
    """
    try:
        outcome, trouble, seconds = future.result()
    except distributed.KilledWorker:
        return None
    except concurrent.futures.CancelledError as error:
        raise RestoreError("the Dask scheduler is gone; the same command goes on") from error
    except RestoreError as error:
        return Ended(task, error=error)
    except Exception as error:
        return Ended(task, error=Died(f"{named(task.path)}: {type(error).__name__}: {error}"))
    return Ended(task, outcome, trouble, seconds)


def _models() -> dict[str, bytes]:
    """The installed models, for workers that have other folders."""
    found = {}
    for name in weights.KNOWN:
        if weights.installed(name):
            path = weights.path(name)
            found[path.name] = path.read_bytes()
    return found


def _version() -> str:
    return __version__
