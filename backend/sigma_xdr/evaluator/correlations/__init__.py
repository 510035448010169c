"""Sigma correlations on events: which groups of events complete one, and when.

**Events.** A correlation names rules; each is a *tag* of the events that it matches. Time, device and report together make one
event, however often it arrives, in whatever order, and however many rules match it: it then has all of their tags.

**Groups.** An event belongs to the group of its group-by values. Each rule reads them from its own fields, by the aliases, so an
event can be in two groups. Without one of the values it is in none. Values are compared as text without case, a device's id as it
stands. Of a field with several spellings the first counts; ``Event.keys`` says what to take instead of a field's value.

**Windows.** An event at time *t* looks back at the events of its group in [*t* - timespan, *t*], both ends included, those of the
same instant too. It *completes* the correlation if that window satisfies the condition: the number of events; of distinct values
of the counted fields; the sum, mean, median or a percentile of a field's numbers; the number of tags, or a boolean condition in
which a tag is true if an event of the window has it. ``temporal_ordered`` asks that the event has the last tag and that its window
holds, for the tags in order, events whose times never decrease. What comes later isn't known yet, and nothing is tested but at an
event: "fewer than 5" needs at least one.

**Alerts.** Time is cut into slots of the timespan's length since the first day of the year 1. A group has one alert a slot: the
last completing event by time, report and device.

**Correlations of correlations.** A correlation that another one names stands for all of its completing events, each with the
inner group-by values as its fields.
"""

from __future__ import annotations

from sigma_xdr.evaluator.correlations.matcher import Alert, CorrelationMatcher
from sigma_xdr.evaluator.correlations.sources import TimedEvent

__all__ = ["Alert", "CorrelationMatcher", "TimedEvent"]
