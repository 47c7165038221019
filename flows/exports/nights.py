"""When studies may be fetched: a night window in local time, through both changes of the clock."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from catalog.plans.records import Plan, PlanState
from flows.exports.content import Schedule

SHUT = "the night window is shut; it opens at {:%Y-%m-%d %H:%M} UTC"
_FARTHEST = 800  # days that are looked ahead for a night that is not blacked out


@dataclass(frozen=True)
class Nights:
    """The windows of a schedule.

    Attributes:
        opens: Local time; where `closes` is the same, the window never closes.
        closes: Local time; before `opens` it is the next day's.
        blackout: Local days on no minute of which anything is fetched.
    """

    zone: ZoneInfo
    opens: time
    closes: time
    blackout: frozenset[date]

    @classmethod
    def of(cls, schedule: Schedule) -> "Nights":
        """Give the windows of a schedule."""
        zone, blackout = ZoneInfo(schedule.timezone), frozenset(schedule.blackout)
        return cls(zone, schedule.opens, schedule.closes, blackout)

    def closes_at(self, moment: datetime) -> datetime | None:
        """Give the moment at which the window that is open now closes; None while it is shut."""
        local = moment.astimezone(self.zone)
        for day in (local.date() - timedelta(1), local.date()):
            start, end = self._window(day)
            if start <= moment < end and local.date() not in self.blackout:
                return min(end, self._next_blackout(local.date(), end))
        return None

    def opens_at(self, moment: datetime) -> datetime | None:
        """Give the first moment from now on at which it is open; None if that is years away."""
        if self.closes_at(moment) is not None:
            return moment
        today = moment.astimezone(self.zone).date()
        for ahead in range(-1, _FARTHEST):
            day = today + timedelta(ahead)
            start, end = self._window(day)
            for begin in (start, self._at(day + timedelta(1), time())):
                if moment <= begin < end and self.closes_at(begin) is not None:
                    return begin
        return None

    def _window(self, day: date) -> tuple[datetime, datetime]:
        """Give the window that opens on a local day."""
        over = day if self.closes > self.opens else day + timedelta(1)
        return self._at(day, self.opens), self._at(over, self.closes)

    def _next_blackout(self, day: date, end: datetime) -> datetime:
        """Give the midnight before a blacked-out day that the window runs into, or its end."""
        following = day + timedelta(1)
        return self._at(following, time()) if following in self.blackout else end

    def _at(self, day: date, clock: time) -> datetime:
        """Give a local time as a moment; one that the clock leaves out is that of before."""
        return datetime.combine(day, clock, self.zone).astimezone(UTC)


def not_now(plan: Plan, nights: Nights, moment: datetime, *, at_once: bool) -> str:
    """Say why a plan does not run now; empty if it does."""
    if plan.state is not PlanState.ACTIVE:
        return f"the plan is {plan.state.value}; mammo exports resume makes it go on"
    if at_once or nights.closes_at(moment) is not None:
        return ""
    opens = nights.opens_at(moment)
    return SHUT.format(opens) if opens else "every night of the plan is blacked out"
