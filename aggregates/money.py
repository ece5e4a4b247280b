"""Money, quantities and unit prices: exact decimals, rounded in one place.

Money is kept at its currency's minor unit, quantities and unit prices at six decimals (D-1 to D-4).
"""

from decimal import ROUND_HALF_UP, Context, Decimal

from aggregates.refusals import Invalid, Refused

_NO_DECIMALS = "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF"
_TWO_DECIMALS = (
    "AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BMD BND BOB BOV BRL BSD BTN BWP BYN BZD CAD "
    "CDF CHE CHF CHW CNY COP COU CRC CUP CVE CZK DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS "
    "GIP GMD GTQ GYD HKD HNL HTG HUF IDR ILS INR IRR JMD KES KGS KHR KPW KYD KZT LAK LBP LKR LRD "
    "LSL MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MXV MYR MZN NAD NGN NIO NOK NPR NZD PAB "
    "PEN PGK PHP PKR PLN QAR RON RSD RUB SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP "
    "SZL THB TJS TMT TOP TRY TTD TWD TZS UAH USD USN UYU UZS VED VES WST XAD XCD XCG YER ZAR ZMW "
    "ZWG"
)
_THREE_DECIMALS = "BHD IQD JOD KWD LYD OMR TND"
_FOUR_DECIMALS = "CLF UYW"

MINOR_UNITS: dict[str, int] = {
    code: decimals
    for decimals, codes in (
        (0, _NO_DECIMALS),
        (2, _TWO_DECIMALS),
        (3, _THREE_DECIMALS),
        (4, _FOUR_DECIMALS),
    )
    for code in codes.split()
}
"""Decimals of every ISO 4217 currency that has a minor unit (D-1)."""

QUANTITY_DECIMALS = 6
PRICE_DECIMALS = 6
WHOLE_DIGITS = 12
"""Most digits before the point of any amount, price or quantity: far above real deals."""
LARGEST_TOTAL = 10**18
"""Minor units that no sum of amounts reaches."""

EXACT = Context(prec=60, rounding=ROUND_HALF_UP)
_LARGEST = Decimal(10) ** WHOLE_DIGITS
_UNITS = {decimals: Decimal(1).scaleb(-decimals) for decimals in range(QUANTITY_DECIMALS + 1)}
_LARGEST_TOTALS = {decimals: LARGEST_TOTAL * unit for decimals, unit in _UNITS.items()}
QUANTITY_UNIT = _UNITS[QUANTITY_DECIMALS]


def decimals_of(currency: str) -> int:
    """Decimals of the currency's minor unit (D-1). Raises Invalid for an unknown currency."""
    try:
        return MINOR_UNITS[currency]
    except KeyError:
        raise Invalid(
            "currency", f"{currency!r} is not an ISO 4217 currency with a minor unit", "D-1"
        ) from None


def unit_of(currency: str) -> Decimal:
    """The minor unit itself: EUR 0.01, JPY 1, KWD 0.001 (D-1)."""
    return _UNITS[decimals_of(currency)]


def round_to(value: Decimal, unit: Decimal) -> Decimal:
    """`value` rounded half-up (away from zero) to `unit`; never a negative zero (D-2)."""
    rounded = value.quantize(unit, context=EXACT)
    return rounded or abs(rounded)


def money(value: Decimal, currency: str, field: str) -> Decimal:
    """`value` as an amount in `currency`, kept at its minor unit.

    Raises Invalid, naming `field`, when it is too large or has more decimals than that (D-1).
    """
    decimals = decimals_of(currency)
    exact = round_to(bounded(value, field), _UNITS[decimals])
    if exact != value:
        raise Invalid(field, f"an amount in {currency} has at most {decimals} decimals", "D-1")
    return exact


def quantity(value: Decimal, field: str) -> Decimal:
    """`value` as a quantity. Raises Invalid when it is too large or has more than 6 decimals."""
    if round_to(bounded(value, field), QUANTITY_UNIT) != value:
        raise Invalid(field, f"a quantity has at most {QUANTITY_DECIMALS} decimals", "D-1")
    return value


def unit_price(value: Decimal, currency: str, field: str) -> Decimal:
    """`value` as a price in `currency` of one of a quantity, with its decimals and no others.

    That is the currency's decimals at least. Raises Invalid, naming `field`, when it is too large
    or has more than 6 decimals (D-1).
    """
    if round_to(bounded(value, field), _UNITS[PRICE_DECIMALS]) != value:
        raise Invalid(field, f"a unit price has at most {PRICE_DECIMALS} decimals", "D-1")
    shortest = next(
        unit
        for decimals, unit in _UNITS.items()
        if decimals >= decimals_of(currency) and round_to(value, unit) == value
    )
    return round_to(value, shortest)


def bounded(value: Decimal, field: str) -> Decimal:
    """`value` itself. Raises Invalid, naming `field`, from 10**12 on."""
    if abs(value) >= _LARGEST:
        raise Invalid(field, f"at most {WHOLE_DIGITS} digits before the decimal point can be kept")
    return value


def total(value: Decimal, currency: str) -> Decimal:
    """`value` itself, a sum of amounts. Raises Refused from 10**18 minor units on.

    The read models keep sums in 64-bit integers; what they can't hold must not get in the history.
    """
    if abs(value) >= _LARGEST_TOTALS[decimals_of(currency)]:
        raise Refused(
            "total_too_large", f"a total of {value:f} {currency} is more than can be kept"
        )
    return value


def extend(amount_of: Decimal, unit_price: Decimal, currency: str) -> Decimal:
    """Quantity times price, rounded once, half-up to the minor unit (D-1).

    Raises Invalid, naming the quantity, when the amount is too large.
    """
    product = round_to(EXACT.multiply(amount_of, unit_price), unit_of(currency))
    if abs(product) >= _LARGEST:
        raise Invalid(
            "quantity", f"multiplied by the unit price it has more than {WHOLE_DIGITS} digits"
        )
    return product


def in_proportion(value: Decimal, part: Decimal, whole: Decimal, currency: str) -> Decimal:
    """`value` cut as `part` is of `whole`: value x part / whole, rounded once, half-up (D-65).

    Of an amount of 0 there is no part, so that is 0.
    """
    if not whole:
        return Decimal(0)
    cut = EXACT.divide(EXACT.multiply(value, part), whole)
    return round_to(cut, unit_of(currency))
