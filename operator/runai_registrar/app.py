"""The composition root: builds the parts, runs them, stops them in an order that loses nothing."""

import asyncio
import contextlib
import logging
import signal
from collections.abc import Callable, Mapping
from typing import Any

from runai_registrar.engine import clock
from runai_registrar.engine.fleet import Fleet
from runai_registrar.engine.queue import Queue
from runai_registrar.engine.reconcile import Reconciler
from runai_registrar.engine.world import World
from runai_registrar.errors import Absent, KubernetesError
from runai_registrar.handlers import Feed
from runai_registrar.kube import Kube
from runai_registrar.settings import Settings
from runai_registrar.telemetry.health import Health
from runai_registrar.watch import Watch

STOP_GRACE = 20.0
"""Seconds that work under way gets to end when the operator is stopped; a creation in flight is recorded in them."""

RELIST = 600.0
"""Seconds between complete lists, which find what a watch has missed."""

RETRY = 2.0
"""Seconds between tries while the API server or the CRDs are not there yet."""

logger = logging.getLogger(__name__)


class App:
    """One operator process."""

    def __init__(self, settings: Settings, kube: Kube) -> None:
        self._settings, self._kube = settings, kube
        self._loop = asyncio.get_running_loop()
        self._fleet = Fleet(kube, settings.operator_namespace, settings.timing)
        self._world = World(kube, self._fleet)
        reconciler = Reconciler(self._world, settings.timing)
        lane_of, group_of = self._world.lane_of, self._world.group_of
        self._queue = Queue(reconciler.reconcile, lane_of, group_of=group_of, workers=settings.workers)
        self._stop = asyncio.Event()
        self._ended = asyncio.Event()
        feed = Feed(registration=self._hand_over(self._registration), control_plane=self._hand_over(self._plane))
        self._watch = Watch(feed, settings.namespaces, self._hand_over(self._ended.set))
        self._listed = False

    async def run(self) -> int:
        """Run until SIGTERM or SIGINT; the exit code is 0 then, and 1 where the watches broke down."""
        health = Health(live=self._live, ready=self._ready)
        await health.start(self._settings.health_host, self._settings.health_port)
        for name in (signal.SIGTERM, signal.SIGINT):
            self._loop.add_signal_handler(name, self._stop.set)
        logger.info("started; health on port %d", health.port)
        upkeep = asyncio.create_task(self._run(), name="upkeep")
        stopped = asyncio.create_task(self._stop.wait(), name="stop")
        try:
            await asyncio.wait({upkeep, stopped}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            await self._shut_down(upkeep, stopped)
            await health.stop()
        return 0 if self._stop.is_set() else 1

    async def _run(self) -> None:
        """See the world once, then watch it; returns when the watches end by themselves."""
        await self._first_look()
        self._world.start(self._queue)
        self._watch.start()
        while not self._ended.is_set():
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._ended.wait(), RELIST)
                break
            await self._look_again()
        logger.error("the watches ended: %r; the operator stops, so that it is started anew", self._watch.failure)

    async def _first_look(self) -> None:
        """List both kinds, registrations first: what they hold is what a look at a control plane is judged by."""
        while not self._listed:
            try:
                await self._world.list_live(clock.now())
                await self._fleet.list_live(clock.now())
                self._listed = True
            except Absent:
                logger.warning("the CRDs of runai-registrar are not installed; waiting for them")
                await asyncio.sleep(RETRY)
            except KubernetesError as error:
                logger.warning("%s It is tried again.", error.message)
                await asyncio.sleep(RETRY)

    async def _look_again(self) -> None:
        for room in (self._world, self._fleet):
            try:
                await room.list_live(clock.now())
            except KubernetesError as error:
                logger.warning("%s The list is tried again.", error.message)

    async def _shut_down(self, *tasks: asyncio.Task[Any]) -> None:
        logger.info("stopping; work under way gets up to %d s", STOP_GRACE)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await self._queue.stop(STOP_GRACE)
        await asyncio.to_thread(self._watch.stop)
        await self._fleet.aclose()
        await self._kube.aclose()
        logger.info("stopped")

    def _hand_over(self, take: Callable[..., None]) -> Callable[..., None]:
        """Return what the watching thread may call; after the loop has ended there is nobody to hand anything to."""

        def hand_over(*what: Any) -> None:
            with contextlib.suppress(RuntimeError):
                self._loop.call_soon_threadsafe(take, *what)

        return hand_over

    def _registration(self, body: Mapping[str, Any], deleted: bool) -> None:  # noqa: FBT001  # the same
        self._world.lose(body["metadata"]["uid"]) if deleted else self._world.see(body)

    def _plane(self, body: Mapping[str, Any], deleted: bool) -> None:  # noqa: FBT001  # the same
        metadata = body["metadata"]
        self._fleet.lose(metadata["name"], metadata["uid"]) if deleted else self._fleet.see(body)

    def _live(self) -> Mapping[str, bool]:
        return {"watches": not self._ended.is_set()}

    def _ready(self) -> Mapping[str, bool]:
        return {"listed": self._listed, "watches": self._watch.ready}


async def serve(settings: Settings) -> int:
    """Connect to Kubernetes and run the operator; the exit code."""
    kube = await Kube.connect(settings.namespaces)
    return await App(settings, kube).run()
