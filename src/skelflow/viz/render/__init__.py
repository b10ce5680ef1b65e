"""Views of a recording as a film, an animation or a strip of pictures."""

from skelflow.viz.render.make import Rendered, render, show
from skelflow.viz.render.views import VIEWS, View, ViewName

__all__ = ["VIEWS", "Rendered", "View", "ViewName", "render", "show"]
