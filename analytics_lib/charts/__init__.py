"""Charts for pages: one look, a message in every alternative text, direct labels, offline everywhere.

Each helper takes a frame and the columns to show, and returns an Altair chart as wide as the page. Importing this
package makes the ``analytics`` theme and renderer Altair's own, so that charts written directly in Altair match.

Examples
--------
>>> import pandas as pd
>>> from analytics_lib import charts
>>> hours = pd.DataFrame({"hour": ["6 a.m.", "8 p.m."], "on_time": [0.86, 0.64]})
>>> share = charts.Field("on_time", "Flights on time", "percent")
>>> chart = charts.bar(hours, "hour", share, description="Mornings are on time, evenings are not.")
>>> chart.description
'Bar chart of flights on time by hour. Mornings are on time, evenings are not.'
"""

from analytics_lib.charts import figures
from analytics_lib.charts.bars import bar
from analytics_lib.charts.fields import Field
from analytics_lib.charts.frame import with_rule
from analytics_lib.charts.grids import heatmap
from analytics_lib.charts.lines import line
from analytics_lib.charts.look import MIME_TYPE, enable
from analytics_lib.charts.points import interval, scatter

__all__ = ["MIME_TYPE", "Field", "bar", "enable", "figures", "heatmap", "interval", "line", "scatter", "with_rule"]

enable()
