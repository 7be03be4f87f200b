"""A Dask cluster gives what this machine gives, and workers that die lose nothing."""

from __future__ import annotations

import os
import signal
import socket
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from click.testing import CliRunner

from restore.cli import cli
from restore.errors import Died, PhotoError, RestoreError
from restore.work import cluster as cluster_module
from restore.work import rolls
from restore.work.batch import Batch, Request, versions
from restore.work.cluster import LEAST, Cluster
from restore.work.journal import Journal
from restore.work.pool import Pool
from restore.work.tasks import begin

pytestmark = pytest.mark.filterwarnings("ignore")  # of Dask, when workers die


@pytest.fixture(scope="module")
def scheduler() -> Iterator[Any]:
    """A cluster of two workers; a task may kill one of them, once."""
    import dask
    import distributed

    dask.config.set({"distributed.scheduler.allowed-failures": 1})
    with distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, dashboard_address=None, silence_logs=50
    ) as local:
        yield local


@pytest.fixture
def cluster(scheduler: Any) -> Iterator[Cluster]:
    cluster = Cluster(scheduler.scheduler_address)
    cluster.ready()
    yield cluster
    cluster.close()


@dataclass(frozen=True)
class Task:
    """A task that does as it is told, and notes each try in a file."""

    path: Path
    what: str = ""
    memory: float | None = None
    folder: Path | None = None

    def done(self, context: object, tell: object, allow: Any) -> int:
        with self.path.open("a") as file:
            file.write("tried\n")
        if self.what == "sleep":
            time.sleep(0.2)
        if self.what == "hang":
            allow(0.5, "waiting")
            time.sleep(60)
        if self.what == "fail":
            raise PhotoError(f"{self.path}: is empty")
        if self.what == "bug":
            raise ZeroDivisionError("by 0")
        return os.getpid()


def tries(task: Task) -> int:
    return len(task.path.read_text().splitlines())


def png(path: Path, seed: int) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    pixels = np.random.default_rng(seed).integers(0, 256, (20, 30, 3), np.uint8)
    cv2.imwrite(str(path), pixels)


def test_results_are_those_of_this_machine(
    cluster: Cluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1764370800")
    for number in range(5):
        png(tmp_path / f"scans/{number}.png", number)
    (tmp_path / "scans/bad.png").write_bytes(b"no photo")
    recipe = tmp_path / "mine.toml"  # which only this machine may have
    recipe.write_text('[[steps]]\nuse = "levels"\nblack = 5\n[[steps]]\nuse = "monochrome"\n')
    local = Pool(begin, 2)
    local.ready()
    made = {}
    for name, engine in (("dask", cluster), ("local", local)):
        request = Request(
            str(recipe), (str(tmp_path / "scans"),), tmp_path / name, {"levels.black": "6"}
        )
        with Journal.open(request.target) as journal, journal.running(versions()):
            batch = Batch(request, journal)
            batch.resolve(engine)
            batch.scan()
            ends = {Path(done.path).name: done for done in batch.through(engine)}
        assert "is not a supported photo" in str(ends.pop("bad.png").error)
        assert len(ends) == 5
        made[name] = {path.name: path.read_bytes() for path in (tmp_path / name).iterdir()}
    local.close()
    assert made["dask"] == made["local"]


def test_the_scheduler_knows_few_tasks_at_a_time(
    scheduler: Any, cluster: Cluster, tmp_path: Path
) -> None:
    most = count = 0
    tasks = (Task(tmp_path / str(number)) for number in range(120))
    for ended in cluster.run(tasks):
        assert ended.error is None
        count += 1
        most = max(most, len(scheduler.scheduler.tasks))
    assert count == 120
    assert most <= LEAST + 2


def test_workers_that_are_killed_lose_nothing(cluster: Cluster, tmp_path: Path) -> None:
    tasks = [Task(tmp_path / str(number), "sleep") for number in range(16)]
    ends, killed = [], 0
    for ended in cluster.run(tasks):
        ends.append(ended)
        if len(ends) in (2, 8):
            os.kill(ended.outcome, signal.SIGKILL)
            killed += 1
    assert killed == 2
    assert sorted(ended.task.path.name for ended in ends) == sorted(map(str, range(16)))
    assert not [ended.error for ended in ends if ended.error]


def test_a_photo_that_hangs_costs_only_itself(cluster: Cluster, tmp_path: Path) -> None:
    tasks = [Task(tmp_path / "hangs", "hang"), *(Task(tmp_path / str(n)) for n in range(3))]
    ends = {ended.task.path.name: ended for ended in cluster.run(tasks)}
    assert isinstance(ends["hangs"].error, Died)
    assert "the workers died that worked on it" in str(ends["hangs"].error)
    assert tries(tasks[0]) == 4  # two workers each time
    assert all(ends[str(n)].error is None for n in range(3))


def test_what_is_the_photos_fault_is_not_tried_again(cluster: Cluster, tmp_path: Path) -> None:
    tasks = [Task(tmp_path / "fails", "fail"), Task(tmp_path / "bug", "bug")]
    ends = {ended.task.path.name: ended.error for ended in cluster.run(tasks)}
    assert str(ends["fails"]).endswith("fails: is empty")
    assert "a bug in restore: ZeroDivisionError: by 0" in str(ends["bug"])
    assert "by 0" in ends["bug"].__notes__[0]
    assert [tries(task) for task in tasks] == [1, 1]


def test_networks_are_placed_when_a_worker_joins(tmp_path: Path) -> None:
    from types import SimpleNamespace

    from restore.models import weights
    from restore.work.cluster import Photos

    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("RESTORE_MODELS", "")
        plugin = Photos({"zhang2016.onnx": b"content"})
        worker = SimpleNamespace(
            local_directory=str(tmp_path), state=SimpleNamespace(nthreads=1), plugins={}
        )
        plugin.setup(worker)
        assert (weights.folder() / "zhang2016.onnx").read_bytes() == b"content"
        plugin.teardown(worker)
    assert not [*tmp_path.iterdir()]


def test_a_roll_is_shared_as_on_this_machine(
    scheduler: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1764370800")
    pixels = np.random.default_rng(1).integers(60, 180, (40, 60, 3), np.uint8)
    (tmp_path / "scans").mkdir()
    for number, brighter in enumerate((0, 4, 70)):
        cv2.imwrite(str(tmp_path / f"scans/{number}.png"), pixels + np.uint8(brighter))
    recipe = tmp_path / "mine.toml"  # which only this machine may have
    recipe.write_text('[[steps]]\nuse = "levels"\nauto = 1\n')
    on_dask = ["--engine", "dask", "--scheduler", scheduler.scheduler_address]
    for out, options in (("local", []), ("dask", on_dask)):
        words = ["batch", str(recipe), str(tmp_path / "scans"), str(tmp_path / out), *options]
        done = CliRunner().invoke(cli, [*words, "--like", "*"])
        assert done.exit_code == 0, done.output
    for number in range(3):
        one, other = (tmp_path / out / f"{number}.png" for out in ("local", "dask"))
        assert one.read_bytes() == other.read_bytes()
    assert len(list((tmp_path / "dask" / rolls.SHARED).iterdir())) == 1  # the joined plan
    (tmp_path / "scans/3.png").write_bytes((tmp_path / "scans/0.png").read_bytes())
    words = ["batch", str(recipe), str(tmp_path / "scans"), str(tmp_path / "dask"), "--like", "*"]
    assert CliRunner().invoke(cli, words).exit_code == 0  # here, with the plan that there is
    one, other = (cv2.imread(str(tmp_path / f"dask/{number}.png")) for number in (0, 3))
    assert (one == other).all()


def test_no_scheduler_and_wrong_options(monkeypatch: pytest.MonkeyPatch) -> None:
    assert cluster_module.ANSWER <= 10
    monkeypatch.setattr(cluster_module, "ANSWER", 0.5)
    with pytest.raises(RestoreError, match="no Dask scheduler answers there"):
        Cluster("tcp://127.0.0.1:9")
    with socket.create_server(("127.0.0.1", 0)) as silent:  # no scheduler, but something
        address = f"tcp://127.0.0.1:{silent.getsockname()[1]}"
        with pytest.raises(RestoreError, match=f"^{address}: no Dask scheduler answers there: not"):
            Cluster(address)
    words = ["batch", "levels", "scans", "out", "--scheduler", "tcp://127.0.0.1:9"]
    assert "--scheduler needs --engine dask" in CliRunner().invoke(cli, words).stderr
