"""`{% load flagstaff %}`, then `{% flag "new-nav" %}…{% else %}…{% endflag %}` and `{% flags_bootstrap %}`."""

from django import template
from django.template.base import FilterExpression, NodeList, Parser, Token
from django.template.context import Context
from django.utils.safestring import SafeString

from flagstaff._current import ScopedFlags, current_flags, effective_client
from flagstaff.contrib.django.client import flags_of, get_client
from flagstaff.protocols import FlagReader

register = template.Library()


@register.tag("flag")
def parse_flag(parser: Parser, token: Token) -> "FlagNode":
    """Parse `{% flag KEY %}`, an optional `{% else %}`, and `{% endflag %}`."""
    name, *arguments = token.split_contents()
    if len(arguments) != 1:
        message = f'{{% {name} %}} takes one argument, the key of a flag: {{% {name} "new-nav" %}}'
        raise template.TemplateSyntaxError(message)
    key = parser.compile_filter(arguments[0])
    on, off = parser.parse(("else", "endflag")), NodeList()
    if parser.next_token().contents == "else":
        off = parser.parse(("endflag",))
        parser.delete_first_token()
    return FlagNode(key, on, off)


@register.simple_tag(takes_context=True)
def flags_bootstrap(context: Context, nonce: str | None = None) -> SafeString:
    """Write the flags marked `clientSide` into the page, evaluated for the request, for `@flagstaff/web`."""
    flags = _flags_of(context)
    made = flags.context if isinstance(flags, ScopedFlags) else None
    return SafeString(effective_client(get_client).bootstrap_for(made).script(nonce))


def _flags_of(context: Context) -> FlagReader:
    """The flags of the template's request; without a request, those of the current one."""
    request = context.get("request")
    return current_flags() if request is None else flags_of(request)


class FlagNode(template.Node):
    """Renders one of two parts of a template."""

    child_nodelists = ("on", "off")

    def __init__(self, key: FilterExpression, on: NodeList, off: NodeList) -> None:
        self.key = key
        self.on = on
        self.off = off

    def render(self, context: Context) -> str:
        """Render the part for the flag."""
        part = self.on if _flags_of(context)[self.key.resolve(context)] else self.off
        return part.render(context)
