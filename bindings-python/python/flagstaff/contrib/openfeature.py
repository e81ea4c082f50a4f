"""The OpenFeature provider: applications use OpenFeature's API, and Flagstaff evaluates the flags in this process.

    from flagstaff import Client
    from flagstaff.contrib.openfeature import FlagstaffProvider
    from openfeature import api

    api.set_provider_and_wait(FlagstaffProvider(Client("http://127.0.0.1:8080", "fs_server_…")))
    api.get_client().get_boolean_value("new-nav", False)

It needs the package `openfeature-sdk`.
"""

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import Any, TypeVar

from openfeature.client import OpenFeatureClient
from openfeature.evaluation_context import EvaluationContext
from openfeature.event import EventDetails, ProviderEvent, ProviderEventDetails
from openfeature.exception import ErrorCode, ProviderFatalError, ProviderNotReadyError
from openfeature.flag_evaluation import FlagResolutionDetails, FlagValueType
from openfeature.hook import Hook
from openfeature.provider import AbstractProvider, Metadata
from openfeature.track import TrackingEventDetails
from openfeature.transaction_context import ContextVarsTransactionContextPropagator

from flagstaff import Client, EvaluationDetails
from flagstaff._current import scoped_context

__all__ = ["FlagstaffProvider", "RequestContextPropagator"]

_T = TypeVar("_T")
_Structure = Sequence[FlagValueType] | Mapping[str, FlagValueType]

_DELIVERY_S = 1.0


class FlagstaffProvider(AbstractProvider):
    """Evaluates flags with a Flagstaff client.

    `client` is a client, which the caller closes, or a function that makes one: it is called when the provider is
    registered, and the provider closes the client when it is shut down. `timeout` is how many seconds the registration
    waits for flags; a provider that has none by then has the status ERROR, and becomes READY when flags arrive.
    `hooks` are run for each evaluation.
    """

    def __init__(
        self, client: Client | Callable[[], Client], *, timeout: float = 5.0, hooks: Sequence[Hook] = ()
    ) -> None:
        super().__init__()
        self._given = client
        self._timeout = timeout
        self._hooks = list(hooks)
        self._session: _Session | None = None

    def get_metadata(self) -> Metadata:
        """Return the name of the provider."""
        return Metadata(name="flagstaff")

    def get_provider_hooks(self) -> list[Hook]:
        """Return the hooks that were given to the provider."""
        return self._hooks

    def initialize(self, evaluation_context: EvaluationContext) -> None:
        """Start the client and wait for flags."""
        self.shutdown()
        client = self._given if isinstance(self._given, Client) else self._given()
        self._session = _Session(self, client)
        self._session.start(self._timeout)

    def shutdown(self) -> None:
        """Stop sending events, and close the client if the provider made it. The provider can be registered again."""
        session, self._session = self._session, None
        if session is not None:
            session.stop()
            if session.client is not self._given:
                session.client.close()

    def resolve_boolean_details(
        self, flag_key: str, default_value: bool, evaluation_context: EvaluationContext | None = None
    ) -> FlagResolutionDetails[bool]:
        """Evaluate a boolean flag."""
        client = self._client()
        return _resolution(client.get_boolean_details(flag_key, default_value, _context(evaluation_context)))

    def resolve_string_details(
        self, flag_key: str, default_value: str, evaluation_context: EvaluationContext | None = None
    ) -> FlagResolutionDetails[str]:
        """Evaluate a string flag."""
        client = self._client()
        return _resolution(client.get_string_details(flag_key, default_value, _context(evaluation_context)))

    def resolve_integer_details(
        self, flag_key: str, default_value: int, evaluation_context: EvaluationContext | None = None
    ) -> FlagResolutionDetails[int]:
        """Evaluate a number flag whose value is an integer."""
        client = self._client()
        return _resolution(client.get_integer_details(flag_key, default_value, _context(evaluation_context)))

    def resolve_float_details(
        self, flag_key: str, default_value: float, evaluation_context: EvaluationContext | None = None
    ) -> FlagResolutionDetails[float]:
        """Evaluate a number flag."""
        client = self._client()
        return _resolution(client.get_float_details(flag_key, default_value, _context(evaluation_context)))

    def resolve_object_details(
        self, flag_key: str, default_value: _Structure, evaluation_context: EvaluationContext | None = None
    ) -> FlagResolutionDetails[_Structure]:
        """Evaluate an object flag."""
        client = self._client()
        return _resolution(client.get_object_details(flag_key, default_value, _context(evaluation_context)))

    def track(
        self,
        tracking_event_name: str,
        evaluation_context: EvaluationContext | None = None,
        tracking_event_details: TrackingEventDetails | None = None,
    ) -> None:
        """Hand an event, such as a purchase, to the `on_track` of the client."""
        value = None if tracking_event_details is None else tracking_event_details.value
        attributes = None if tracking_event_details is None else tracking_event_details.attributes
        self._client().track(tracking_event_name, _context(evaluation_context), value=value, attributes=attributes)

    def _client(self) -> Client:
        if self._session is None:
            raise ProviderNotReadyError("the provider is not registered")
        return self._session.client


class RequestContextPropagator(ContextVarsTransactionContextPropagator):
    """OpenFeature's transaction context: that of the request or task, where an integration of this package has set one.

    `api.set_transaction_context_propagator(RequestContextPropagator())`. What `api.set_transaction_context` sets, is
    added to it.
    """

    def get_transaction_context(self) -> EvaluationContext:
        """Return the context of the current request or task."""
        attributes = scoped_context() or {}
        key = attributes.pop("targetingKey", None)
        context = EvaluationContext(None if key is None else str(key), attributes)
        return context.merge(super().get_transaction_context())


class _Session:
    """One registration of a provider: turns the statuses and changes of its client into OpenFeature's events.

    OpenFeature's SDK sends the first event itself, PROVIDER_READY or PROVIDER_ERROR, after `initialize` has ended. What
    happens before that is no event of its own, and what happens afterwards is sent exactly once.
    """

    def __init__(self, provider: FlagstaffProvider, client: Client) -> None:
        self.client = client
        self._provider = provider
        self._view = _ProviderView(provider)
        self._lock = threading.Lock()
        self._is_announced = False
        self._sent = "NOT_READY"
        self._unregister: list[Callable[[], None]] = []

    def start(self, timeout: float) -> None:
        """Wait for flags, and raise an error of OpenFeature if there are none."""
        started = time.monotonic()
        was_ready = self.client.status != "NOT_READY"
        delivered = threading.Event()
        self._view.add_handler(ProviderEvent.PROVIDER_READY, self._first_event)
        self._view.add_handler(ProviderEvent.PROVIDER_ERROR, self._first_event)
        self._unregister.append(self.client.on_change(self._changed))
        self._unregister.append(self.client.on_status(lambda _status: self._send_status(delivered)))
        readiness = self.client.ready(timeout)
        if readiness == "TIMED_OUT":
            raise ProviderNotReadyError(f"no flags were received within {timeout} s; the client keeps trying")
        if readiness == "FAILED":
            self._sent = "FAILED"
            raise ProviderFatalError("the server refuses the SDK key or the URL")
        self._sent = "READY"
        if not was_ready:
            # The arrival of the first flags is not a change. It is delivered before the status.
            delivered.wait(min(_DELIVERY_S, max(0.0, started + timeout - time.monotonic())))

    def stop(self) -> None:
        """Send no more events."""
        for unregister in self._unregister:
            unregister()
        self._view.remove_handlers(self._first_event)

    def _first_event(self, _details: EventDetails) -> None:
        self._view.remove_handlers(self._first_event)
        self._is_announced = True
        self._send_status()

    def _send_status(self, delivered: threading.Event | None = None) -> None:
        if delivered is not None:
            delivered.set()
        with self._lock:
            status = self.client.status
            if not self._is_announced or status == self._sent:
                return
            self._sent = status
            if status == "READY":
                self._provider.emit_provider_ready(ProviderEventDetails())
            elif status == "STALE":
                self._provider.emit_provider_stale(ProviderEventDetails(message="the server is unreachable"))
            elif status == "FAILED":
                details = ProviderEventDetails(
                    message="the server refuses the SDK key or the URL", error_code=ErrorCode.PROVIDER_FATAL
                )
                self._provider.emit_provider_error(details)

    def _changed(self, keys: list[str]) -> None:
        # The first flags of a provider that has had none are no change: it becomes ready.
        if self._is_announced and self._sent in ("READY", "STALE"):
            self._provider.emit_provider_configuration_changed(ProviderEventDetails(flags_changed=keys))


class _ProviderView(OpenFeatureClient):
    """OpenFeature's client of one provider, whatever its domain: receives the events of this provider only."""

    def __init__(self, provider: FlagstaffProvider) -> None:
        super().__init__(domain=None, version=None)
        self._own_provider = provider

    @property
    def provider(self) -> FlagstaffProvider:
        return self._own_provider

    def remove_handlers(self, handler: Callable[[EventDetails], None]) -> None:
        for event in (ProviderEvent.PROVIDER_READY, ProviderEvent.PROVIDER_ERROR):
            # It is not there if it has been removed already, for example by `api.clear_providers`.
            with suppress(ValueError):
                self.remove_handler(event, handler)


def _context(context: EvaluationContext | None) -> dict[str, Any] | None:
    if context is None:
        return None
    attributes = dict(context.attributes)
    if context.targeting_key is not None:
        attributes["targetingKey"] = context.targeting_key
    return attributes


def _resolution(details: EvaluationDetails[_T]) -> FlagResolutionDetails[_T]:
    return FlagResolutionDetails(
        value=details.value,
        error_code=None if details.error_code is None else ErrorCode(details.error_code),
        error_message=details.error_message,
        reason=details.reason,
        variant=details.variant,
        # OpenFeature's metadata is flat.
        flag_metadata={
            key: value for key, value in details.flag_metadata.items() if isinstance(value, bool | int | float | str)
        },
    )
