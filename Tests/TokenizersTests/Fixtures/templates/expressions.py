# SPDX-License-Identifier: Apache-2.0
"""Small templates that go through the language, and the values they see."""

VALUES = {
    "user": {"name": "Ada", "age": 36, "items": "taken", "tags": ["x", "y"],
             "nested": {"deep": [1, {"k": "v"}]}},
    "numbers": [3, 1, 2],
    "words": ["banana", "apple", "Cherry", "apple"],
    "people": [{"name": "Bo", "city": "Oslo", "age": 30}, {"name": "al", "city": "bergen", "age": 25},
               {"name": "Cy", "city": "oslo", "age": 30}, {"name": "Di"}],
    "text": "Hello, World",
    "umlaut": "Grüße ΑΣ Σ ﬁ İ ß 🙂 e\u0301",
    "html": "<b>&\"'</b>",
    "lines": "one\n\ntwo\r\nthree\u2028four",
    "blank": " \t\u00a0x\u3000\n",
    "f": 1.5,
    "big": 12345678901234567890.0,
    "nothing": None,
    "yes": True,
    "empty": {},
    "tree": [{"n": "a", "c": [{"n": "b", "c": []}, {"n": "c", "c": [{"n": "d", "c": []}]}]}, {"n": "e", "c": []}],
    "pairs": [["a", 1], ["b", 2]],
}

OPERATORS = r"""
{{ 1 + 2 * 3 }}
{{ (1 + 2) * 3 }}
{{ 2 ** 3 ** 2 }}
{{ -2 ** 2 }}
{{ 2 ** -1 }}
{{ 0 ** 0 }} {{ (-1) ** 63 }} {{ 2 ** 62 }}
{{ 7 // 2 }} {{ -7 // 2 }} {{ 7 // -2 }} {{ 7.5 // 2 }} {{ -7.5 // 2 }}
{{ 7 % 3 }} {{ -7 % 3 }} {{ 7 % -3 }} {{ 7.5 % 2 }} {{ -7.5 % 2 }}
{{ 7 / 2 }} {{ 6 / 2 }} {{ 1 / 3 }}
{{ 1 / 0 }}
{{ 1 // 0 }}
{{ 1 % 0 }}
{{ 1.0 % 0 }}
{{ 1 + 1.0 }} {{ true + 1 }} {{ 3 - 5 }} {{ 0.1 + 0.2 }}
{{ 'a' + 'b' }} {{ 'ab' * 3 }} {{ 3 * 'ab' }} {{ 'x' * -1 }}
{{ 'a' + 1 }}
{{ 1 + 'a' }}
{{ none + 1 }}
{{ [1] + [2, 3] }} {{ [0] * 3 }} {{ (1,) + (2,) }}
{{ [1] + (2,) }}
{{ 1 ~ 'a' ~ none ~ true ~ 1.0 ~ [1, 'x'] ~ missing }}
{{ 1 ~ 2 + 3 }}
{{ 'a' ~ 1 + 2 }}
{{ 1 + 2 ~ 3 * 4 }}
{{ 1 < 2 < 3 }} {{ 1 < 3 < 2 }} {{ 3 > 2 >= 2 == 2 }} {{ 1 == 1.0 == true }}
{{ 1 in [1, 2] }} {{ 'a' in 'cat' }} {{ 'x' not in 'cat' }} {{ 'name' in user }} {{ 36 in user.values() }}
{{ 1 in 'cat' }}
{{ 1 in none }}
{{ 'a' in missing }}
{{ missing in ['a'] }}
{{ 'b' in ('a', 'b') }} {{ '' in 'x' }} {{ 2 in range(3) }} {{ 2.5 in range(3) }} {{ 5 in range(0, 10, 5) }}
{{ not 1 == 2 }} {{ not true and false }} {{ true or false and false }}
{{ 0 or 'x' }} {{ 'a' and 'b' }} {{ '' or none or [] or 'end' }} {{ 1 and 0 and x }}
{{ not not 1 }} {{ not missing }} {{ not [] }} {{ not {} }} {{ not 0.0 }} {{ not '0' }}
{{ 'b' < 'a' }} {{ 'a' < 'B' }} {{ [1, 2] < [1, 3] }} {{ (1,) < (1, 0) }} {{ [1] == (1,) }}
{{ 1 < 'a' }}
{{ none < 1 }}
{{ {} < {} }}
{{ missing < 1 }}
{{ missing == missing }} {{ missing == none }} {{ missing != 1 }} {{ none == false }} {{ 0 == false }}
{{ {'a': 1, 'b': 2} == {'b': 2, 'a': 1} }} {{ [1, [2]] == [1.0, [2]] }}
{{ 'e' ~ '\u0301' == 'é' }}
{{ +1 }} {{ - 1 }} {{ --1 }} {{ -true }} {{ +1.5 }}
{{ -'a' }}
{{ -1|abs }} {{ -1.5|abs }} {{ (-3)|abs }}
{{ 1 if true else 2 }} {{ 1 if false else 2 }} [{{ 1 if false }}] {{ 1 if false else 2 if false else 3 }}
{{ (1 if false).x }}
{{ 'yes' if user.age > 30 and user.name is string else 'no' }}
{{ 10 - 2 - 3 }} {{ 100 / 10 / 2 }} {{ 2 * 3 % 4 }} {{ 2 + 3 - 1 + 4 }}
{{ 9223372036854775807 }} {{ 0x1F }} {{ 0b101 }} {{ 0o17 }} {{ 1_000 }} {{ 1_0.5_0 }}
{{ 1e3 }} {{ 1.5e-7 }} {{ 1E+20 }} {{ 12e15 }} {{ 1.0 }} {{ 100.0 * 3 }} {{ 1e16 }} {{ 123456789.123 }} {{ 0.0001 }} {{ 0.00001 }}
{{ big }} {{ f }} {{ 1e308 * 10 }} {{ -1e308 * 10 }} {{ 1e-320 }} {{ -0.0 }}
{{ numbers[0] }} {{ numbers[-1] }} [{{ numbers[9] }}] [{{ numbers['x'] }}] {{ numbers[true] }} [{{ numbers[1.0] }}]
{{ numbers.0 }} {{ user.nested.deep.1.k }} {{ user['nested']['deep'][1]['k'] }}
{{ numbers[9].x }}
{{ missing.x }}
{{ missing['x'] }}
{{ missing() }}
{{ missing.x is defined }}
{{ user.missing }}|{{ user.missing is defined }}|{{ user['missing'] is undefined }}
{{ user.missing.x }}
{{ nothing.x }}|{{ nothing.x is defined }}
{{ nothing.x.y }}
{{ user.items is callable }} {{ user.items | string | length > 0 }}
{{ user['items'] }}
{{ user.items() | list | length }}
{{ user.name() }}
{{ user.__class__ }}|{{ user.__class__ is defined }}
{{ user.__class__.x }}
{{ ''.__class__.__mro__ }}
{{ numbers.append }}|{{ numbers.append is defined }}
{{ numbers.append(1) }}
{{ user.update({}) }}
{{ user.pop('name') }}
{{ user.get('name') }} {{ user.get('x') }} {{ user.get('x', 5) }}
{{ user.get() }}
{{ 'abc'[0] }} {{ 'abc'[-1] }} [{{ 'abc'[5] }}] {{ umlaut[-1] }}{{ umlaut[-2] }}
{{ numbers[1:] }} {{ numbers[:-1] }} {{ numbers[::-1] }} {{ numbers[::2] }} {{ numbers[5:] }} {{ numbers[-2:] }} {{ numbers[2:0:-1] }}
{{ 'abcdef'[1:4] }} {{ 'abcdef'[::-1] }} {{ 'abcdef'[-1:0:-2] }} {{ umlaut[3:] }} {{ 'abc'[10:20] }}|{{ 'abcdef'[:none] }} {{ 'abc'[none:2:none] }}
{{ (1, 2, 3)[1:] }} {{ range(10)[2:8:3] }} {{ range(10)[::-1] }} {{ range(5)[1] }} {{ range(5)[-1] }}
{{ numbers[::0] }}
{{ numbers['a':] }}
{{ user[1:] }}
{{ missing[1:] }}
{{ 'a' 'b' "c" }}
{{ "it's" ~ 'say "hi"' }}
{{ 'tab\tnew\nline \x41 \u00e9 \U0001F600 \101 \q \\ \' \"' }}
{{ '\é' }}
{{ '\xZZ' }}
{{ ['a', 1, 1.0, none, true, 'it\'s', "q\"", 'b\\', 'n\n', [], {}, (), (1,)] }}
{{ {'a': 1, 2: 'b', none: none, true: [1], (1, 2): {}} }}
{{ {'a': 1, 'a': 2} }} {{ {1: 'a', 1.0: 'b', true: 'c'} }}
{{ {[1]: 2} }}
{{ ['é', '\u200b', '\x7f', '\x00', '🙂', '\u3000', '\xad', '\ue000'] }}
{{ () }} {{ (1) }} {{ (1,) }} {{ 1, 2 }} {{ (1, 2,) }} {{ [1, 2,] }} {{ {'a': 1,} }}
{{ true }} {{ True }} {{ none }} {{ None }} {{ false }}
{{ missing }}|{{ missing | default('d') }}|{{ [missing] }}
{{ range(3) }} {{ range(1, 4) | list }} {{ range(5, 0, -2) | list }} {{ range(3, 3) | list }} {{ range(0, 4, 2) }}
{{ range(1000000000) }}
{{ range(0, 3, 0) }}
{{ range('a') }}
{{ dict(a=1, b='x') }} {{ dict([('a', 1)], b=2) }} {{ dict(user, name='Bo').name }} {{ dict.fromkeys('ab', 0) }}
{{ namespace(a=1) }} {{ namespace({'b': 2}).b }}
{{ namespace(_a=1) }}
{{ dict(pairs) }}
{{ user.keys() }} {{ empty.items() }} {{ {'a': 1}.values() }} {{ {'a': 1}.items() }}
{{ x.y.z if x is defined else 'none' }}
{{ numbers | length }} {{ text | count }} {{ umlaut | length }} {{ user | length }} {{ missing | length }}
{{ 5 | length }}
{{ nothing | length }}
{{ 1 is number and 2 is odd }}
{{ [1, 2] is sequence and not 1 is sequence }}
{{ 1; 2 }}
{{ }}
{{ 1 + }}
{{ (1 }}
{{ [1 }}
{{ a b }}
{{ 1 = 2 }}
{{ 'abc }}
{{ ! }}
{{ user. }}
{{ user.1x }}
{{ f(a=1, 2) }}
{{ f(a=1, a=2) }}
{{ 012 }}
{{ 1 is defined is defined }}
{{ [x for x in y] }}
{{ lambda x: x }}
{{ not in }}
{{ *[1] }}
{{ range(*[1, 3]) | list }} {{ dict(**{'a': 1}) }} {{ range(*(2,), **{}) | list }}
{{ dict(**{1: 2}) }}
"""

FILTERS = r"""
{{ text | upper }} {{ text | lower }} {{ umlaut | upper }} {{ umlaut | lower }} {{ 'hELLO wORLD' | capitalize }} {{ 'ǆ' | capitalize }}
{{ "hello wOrld-foo (bar) it's" | title }} {{ "hello wOrld-foo it's" .title() }} {{ 1 | upper }} {{ none | upper }} [{{ missing | upper }}]
[{{ blank | trim }}] [{{ 'xxaxx' | trim('x') }}] [{{ missing | trim }}] [{{ 'abcab' | trim('ab') }}]
{{ words | join }} {{ words | join(', ') }} {{ people | join('-', attribute='name') }} {{ 'abc' | join('.') }} {{ [1, none, 2.0] | join(1) }} [{{ missing | join }}]
{{ 5 | join }}
{{ words | first }} {{ words | last }} {{ 'abc' | first }} {{ 'abc' | last }} [{{ [] | first }}] [{{ [] | last }}] {{ user | first }} {{ user | last }}
{{ 5 | first }}
{{ numbers | map('string') | last }}
{{ 'abc' | list }} {{ user | list }} {{ (1, 2) | list }} {{ range(3) | list }} {{ missing | list }}
{{ 5 | list }}
{{ numbers | reverse | list }} {{ 'abc' | reverse }} {{ (numbers | map('string') | reverse) }} {{ user | reverse | first }}
{{ numbers | sort }} {{ words | sort }} {{ words | sort(true) }} {{ words | sort(case_sensitive=true) }} {{ 'bca' | sort }} {{ user | sort | first }}
{{ people[:3] | sort(attribute='age') | map(attribute='name') | list }} {{ people[:3] | sort(attribute='age,name', reverse=true) | map(attribute='name') | join }}
{{ [1, 'a'] | sort }}
{{ [none, 1] | sort }}
{{ people | sort(attribute='city') | length }}
{{ words | unique | list }} {{ ['a', 'A', 'b'] | unique | list }} {{ ['a', 'A'] | unique(true) | list }} {{ people | unique(attribute='age') | map(attribute='name') | list }}
{{ [[1], [1]] | unique | list }}
{{ numbers | min }} {{ numbers | max }} {{ words | min }} {{ words | max(case_sensitive=true) }} [{{ [] | min }}] {{ people[:3] | max(attribute='age') | attr('name') }} {{ (people[:3] | min(attribute='age')).name }}
{{ [1, 'a'] | max }}
{{ numbers | sum }} {{ [] | sum }} {{ people[:3] | sum(attribute='age') }} {{ [0.1, 0.2] | sum }} {{ numbers | sum(start=10) }} {{ [[1], [2]] | sum(start=[]) }} {{ [true, true] | sum }}
{{ ['a'] | sum }}
{{ people | sum(attribute='age') }}
{{ 'a-b-a' | replace('a', 'x') }} {{ 'aaa' | replace('a', 'b', 2) }} {{ 123 | replace(2, 'x') }} {{ 'ab' | replace('', '-') }} {{ 'aaa' | replace('aa', 'b') }} [{{ missing | replace('a', 'b') }}]
{{ 'a' | replace('a') }}
{{ missing | default('d') }} {{ none | default('d') }} {{ '' | default('d', true) }} {{ 0 | d(5, boolean=true) }} [{{ missing | d }}] {{ missing | default(default_value='n') }}
{{ '42' | int }} {{ '42.9' | int }} {{ 'x' | int }} {{ 'x' | int(7) }} {{ 3.9 | int }} {{ -3.9 | int }} {{ 'ff' | int(base=16) }} {{ '0x1f' | int(0, 16) }} {{ none | int }} {{ true | int }} {{ ' 5 ' | int }} {{ '1_000' | int }} {{ [] | int(9) }} {{ '1e3' | int }} {{ '-7' | int }} {{ 'inf' | int }} {{ 'nan' | int(4) }}
{{ missing | int }}
{{ '1.5' | float }} {{ 'x' | float }} {{ 'x' | float(2.5) }} {{ 3 | float }} {{ '1e3' | float }} {{ ' .5 ' | float }} {{ '5.' | float }} {{ 'inf' | float }} {{ '-Infinity' | float }} {{ 'nan' | float }} {{ none | float }} {{ '1_0.5' | float }} {{ '0x1' | float }}
{{ 2.5 | round }} {{ 3.5 | round }} {{ 2.675 | round(2) }} {{ 42.55 | round(1, 'floor') }} {{ 42.51 | round(1, 'ceil') }} {{ 5 | round }} {{ 15 | round(-1) }} {{ 25 | round(-1) }} {{ -15 | round(-1) }} {{ 1234.5 | round(-2) }} {{ 2.1 | round(method='ceil') }} {{ 1e20 | round }} {{ -0.4 | round }}
{{ 1 | round(1, 'up') }}
{{ 'a' | round }}
{{ 1.5 | string }} {{ none | string }} {{ [1] | string | length }} {{ true | string }} [{{ missing | string }}]
{{ html | escape }} {{ html | e }} {{ html | safe }} {{ html | safe | escape }} {{ html | forceescape }} {{ '<a>' | safe + '<b>' }} {{ ('<a>' | safe) + '<b>' }} {{ ('<a>' | safe) ~ '<b>' }} {{ '<b>' + ('<a>' | safe) }} {{ [html | safe] }}
{{ lines | indent }}|{{ lines | indent(2, true) }}|{{ lines | indent(2, blank=true) }}|{{ lines | indent('>> ') }}|{{ '' | indent }}|{{ 'a\n' | indent }}|{{ 'a' | indent(first=true) }}
{{ 5 | indent }}
{{ missing | indent }}
{{ 'foo bar baz qux' | truncate(9) }} {{ 'foo bar baz qux' | truncate(9, true) }} {{ 'foo bar baz qux' | truncate(11) }} {{ 'foo bar baz qux' | truncate(11, false, '..', 0) }} {{ 'short' | truncate }}
{{ 'foo bar baz qux' | truncate(2) }}
{{ 'one two-three, four_5' | wordcount }} [{{ 'ab' | center(7) }}] [{{ 'abc' | center(6) }}] [{{ 'ab' | center(5) }}]
{{ '%s is %d' | format('x', 3) }} {{ '%(a)s' | format(a=1) }} {{ '%5.2f|%-5s|%05d' | format(3.14159, 'ab', 42) }}
{{ '%s' | format }}
{{ numbers | batch(2) | list }} {{ numbers | batch(2, 'x') | list }} {{ range(7) | slice(3) | list }} {{ range(7) | slice(3, 'x') | list }} {{ [] | batch(2) | list }}
{{ numbers | slice(0) | list }}
{{ user.nested | items | list }} {{ missing | items | list }} {{ {'b': 1, 'a': 2} | dictsort }} {{ {'b': 1, 'A': 2} | dictsort(true) }} {{ {'b': 1, 'a': 2} | dictsort(by='value') }} {{ {'b': 1, 'a': 2} | dictsort(reverse=true) }}
{{ [1] | items | list }}
{{ {'b': 1, 'a': 'x'} | dictsort(by='value') }}
{{ {'b': 1} | dictsort(by='size') }}
{{ [1] | dictsort }}
{% for city, group in people[:3] | groupby('city') %}{{ city }}: {{ group | map(attribute='name') | join(',') }};{% endfor %}
{% for g in people | groupby('city', default='none', case_sensitive=true) %}{{ g.grouper }}={{ g.list | length }} {% endfor %}
{{ people[:2] | groupby('age') }}
{{ words | map('upper') | list }} {{ people | map(attribute='name') | join(',') }} {{ people | map(attribute='age', default=0) | list }} {{ words | map('replace', 'a', '_') | list }} {{ people | map(attribute='age') | list }} {{ pairs | map('first') | list }} {{ pairs | map(attribute=1) | list }} {{ [{'a': [{'b': 5}]}] | map(attribute='a.0.b') | list }} {{ missing | map('upper') | list }}
{{ words | map('nofilter') | list }}
{{ words | map | list }}
{{ words | map(attribute='x', foo=1) | list }}
{{ [] | map('nofilter') | list }}
{{ numbers | select('odd') | list }} {{ numbers | reject('odd') | list }} {{ numbers | select('greaterthan', 1) | list }} {{ [0, 1, '', 'a'] | select | list }} {{ [0, 1, none] | reject | list }} {{ words | select('in', ['apple']) | list }} {{ words | select('==', 'apple') | list }} {{ words | reject('equalto', 'apple') | list }}
{{ people | selectattr('city') | map(attribute='name') | list }} {{ people | selectattr('age', 'gt', 26) | map(attribute='name') | list }} {{ people | rejectattr('city', 'defined') | map(attribute='name') | list }} {{ people | selectattr('city', 'undefined') | list }} {{ pairs | selectattr(1, 'eq', 2) | list }}
{{ people | selectattr('age', 'gt', 26) | list | length }} {{ people[:3] | selectattr('age', 'gt', 26) | list | length }}
{{ people | selectattr | list }}
{{ numbers | select('notest') | list }}
{{ numbers | select('odd') | first }} {{ numbers | map('string') | first }}
{{ (numbers | select('odd'))[0] }}
{{ (numbers | select('odd')) | length }}
{{ (numbers | select('odd'))[1:] }}
{{ user | attr('name') }}|{{ user | attr('keys') | string | length > 0 }}|{{ 'abc' | attr('upper') is callable }}
{{ user | tojson }} {{ html | tojson }} {{ umlaut | tojson }} {{ [none, true, 1.0, 1e20, 'a\nb\t"\\\x01\x7f'] | tojson }} {{ {1: 2, none: 3, true: 4, 1.5: 5} | tojson }} {{ (1, 2) | tojson }} {{ [] | tojson }} {{ {} | tojson }}
{{ user | tojson(indent=2) }} {{ [] | tojson(indent=2) }} {{ {'a': []} | tojson(indent=1) }} {{ [1, 2] | tojson(indent='\t') }} {{ [1] | tojson(indent=0) }}
{{ {'b': 1, 'a': {'d': 1, 'c': 2}} | tojson(sort_keys=true) }} {{ [1, {'a': 2}] | tojson(separators=(',', ':')) }} {{ umlaut | tojson(ensure_ascii=true) }} {{ '🙂' | tojson(true) }} {{ [1, 2] | tojson(indent=2, separators=(';', '=')) }}
{{ missing | tojson }}
{{ [missing] | tojson }}
{{ range(3) | tojson }}
{{ {(1, 2): 3} | tojson }}
{{ {1: 2, 'a': 3} | tojson(sort_keys=true) }}
{{ numbers | map('string') | tojson }}
{{ 1e400 | tojson }} {{ 'nan' | float | tojson }}
{{ [1] | tojson(separators='x') }}
{{ text | nofilter }}
{{ text | upper(1) }}
{{ text | upper | lower | first | upper }}
{{ 1 | nofilter if false else 2 }}
{% if false %}{{ x | nofilter }}{% endif %}ok
{% if true %}{{ x | nofilter }}{% endif %}ok
{% for i in [] %}{{ x | nofilter }}{% endfor %}ok
{% if false %}{% for i in [] %}{{ x | nofilter }}{% endfor %}{% endif %}ok
{{ 'x' is filter }} {{ 'upper' is filter }} {{ 'odd' is test }} {{ 'upper' is test }}
{{ 1 | default(value=2) }}
{{ text | truncate(length=5, leeway=0) }} {{ text|truncate(5,leeway=0,end='') }}
{{ words | join(d=' & ') }} {{ words | join(attribute=none) }}
{{ words|join(', ')|upper|replace('APPLE', 'x')|length }}
{{ '  a  b  '.split() | join('-') }} {{ 'a.b.c'.split('.', 1)[1] | upper }} {{ (text | upper)[0:5] | lower }}
{{ people | map(attribute='name') | map('upper') | select('gt', 'B') | join('|') }}
{{ user.tags | join(', ') if user.tags else 'none' }} {{ (user.missing or {}).get('x', 'd') }} {{ user.missing | default({}, true) | length }}
{{ [[3, 'c'], [1, 'a']] | sort | first | last }} {{ [(2, 'b'), (2, 'a')] | sort(attribute=0) }} {{ ['b', 'A', 'a', 'B'] | sort(reverse=true) }}
{{ {'x': 1.0, 'y': -0.5, 'z': 1e-9} | tojson }} {{ 'é"\\' | tojson }} {{ {'k': (1, [2, {}])} | tojson(indent=1) }} {{ [] | tojson(sort_keys=true, indent=4) }} {{ true | tojson }}{{ none | tojson }}
"""

METHODS = r"""
[{{ blank.strip() }}] [{{ blank.lstrip() }}] [{{ blank.rstrip() }}] [{{ 'xaxbx'.strip('x') }}] [{{ 'abc'.rstrip('cb') }}] [{{ 'abc'.lstrip('') }}] [{{ ' a '.strip(none) }}]
{{ 'a,b,,c'.split(',') }} {{ ' a  b '.split() }} {{ ' a  b '.split(' ') }} {{ 'a b c d'.split(' ', 2) }} {{ 'a b c d'.split(maxsplit=1) }} {{ '  a  b  c  '.split(none, 1) }} {{ 'a</t>b'.split('</t>')[-1] }} {{ ''.split() }} {{ ''.split(',') }} {{ 'abab'.split('ab') }} {{ 'aaa'.split('aa') }}
{{ 'a b c'.rsplit(' ', 1) }} {{ 'a,b,c'.rsplit(',') }} {{ ' a b  c '.rsplit(none, 1) }} {{ 'aaa'.rsplit('aa') }} {{ 'a b'.rsplit() }}
{{ 'a'.split('') }}
{{ 'a'.split(1) }}
{{ lines.splitlines() }} {{ 'a\n'.splitlines() }} {{ 'a\r\nb'.splitlines(true) }} {{ ''.splitlines() }}
{{ 'abc'.startswith('ab') }} {{ 'abc'.startswith(('x', 'a')) }} {{ 'abc'.endswith('bc') }} {{ 'abc'.startswith('b', 1) }} {{ 'abc'.endswith('b', 0, 2) }} {{ ''.startswith('') }} {{ 'abc'.startswith('', 4) }}
{{ 'abc'.startswith(1) }}
{{ 'abc'.upper() }} {{ 'aBc'.swapcase() }} {{ 'hello wORLD'.capitalize() }} {{ "they're bill's".title() }} {{ umlaut.upper() }} {{ umlaut.lower() }} {{ umlaut.title() }} {{ 'ß'.casefold() }}
{{ 'a-b'.replace('-', '+') }} {{ 'aaa'.replace('a', 'b', 1) }} {{ 'ab'.replace('', '.', 2) }}
{{ 'abcabc'.find('c') }} {{ 'abc'.find('x') }} {{ 'abcabc'.rfind('c') }} {{ umlaut.find('🙂') }} {{ 'abc'.index('b') }} {{ 'abc'.find('') }} {{ 'abc'.rfind('') }} {{ 'abcabc'.find('c', 3) }} {{ 'abc'.rindex('a') }}
{{ 'abc'.index('x') }}
{{ 'banana'.count('an') }} {{ 'aaa'.count('') }} {{ 'banana'.count('a', 2) }} {{ [1, 2, 1].count(1) }} {{ [1, 2].index(2) }} {{ (1, 2).index(2) }} {{ (1, 1).count(1) }}
{{ [1].index(5) }}
{{ ', '.join(words) }} {{ ''.join('abc') }} {{ '-'.join(user) }}
{{ ', '.join([1]) }}
{{ 'a=b=c'.partition('=') }} {{ 'a=b=c'.rpartition('=') }} {{ 'abc'.partition('x') }} {{ 'abc'.rpartition('x') }}
{{ 'prefix-x'.removeprefix('prefix-') }} {{ 'x.txt'.removesuffix('.txt') }} {{ 'abc'.removeprefix('x') }}
[{{ 'ab'.ljust(4) }}] [{{ 'ab'.rjust(4, '.') }}] [{{ 'ab'.center(5, '*') }}] [{{ 'abc'.center(6, '*') }}] {{ '42'.zfill(5) }} {{ '-42'.zfill(5) }} {{ '+1'.zfill(4) }} [{{ 'a\tb'.expandtabs(4) }}]
{{ 'abc'.isalpha() }} {{ '123'.isdigit() }} {{ 'a1'.isalnum() }} {{ ' '.isspace() }} {{ 'Abc'.isupper() }} {{ 'abc'.islower() }} {{ 'Abc Def'.istitle() }} {{ ''.isalpha() }} {{ '²'.isdigit() }} {{ '½'.isnumeric() }} {{ '١'.isdecimal() }} {{ 'é'.isascii() }} {{ ''.isascii() }} {{ 'a\n'.isprintable() }}
{{ '{} {}'.format(1, 'a') }} {{ '{1}{0}'.format('a', 'b') }} {{ '{name:>6}|{name:<6}|{name:^6}|'.format(name='abc') }} {{ '{:05d} {:+d} {:,} {:x} {:#b} {:o} {:08.3f} {:e} {:g} {:%}'.format(42, 7, 1234567, 255, 5, 8, 3.14159, 12345.678, 0.00001, 0.25) }} {{ '{0[name]} {0[tags][1]} {0.age}'.format(user) }} {{ '{!r:>5} {!s}'.format('a', 'b') }} {{ '{{}} {:{w}}|'.format('x', w=4) }}
{{ '{} {0}'.format(1) }}
{{ '{}'.format() }}
{{ '{x}'.format(a=1) }}
{{ '{'.format() }}
{{ '{:d}'.format('a') }}
{{ '{:>8.2f}|{:<8}|{:^8}|{:*^9}|{:=+6}|{:_}|{:.3}|{:.2%}|{:5}|{:c}'.format(3.14159, 1, 2.5, 'mid', 5, 1234567, 2.71828, 0.12345, true, 65) }}
{{ '{a}'.format_map({'a': 3}) }} {{ '{:s}|{:10.3s}|'.format('ab', 'abcdef') }} {{ '{:010,}|{:,.2f}'.format(1234, 1234567.891) }}
{{ '%s %r %d %i %5d %-5d| %05d %+d %x %X %o %#x %c %% %e %.3g %g' % ('a', 'b', 3, 4.7, 5, 6, 7, 8, 255, 255, 8, 255, 'z', 12345.678, 0.00012345, 1e20) }}
{{ '%s' % 5 }} {{ '%s' % [1] }} {{ '%(a)s %(b)05.1f' % {'a': 1, 'b': 2.25} }} {{ '%5s|%-5s|%.2s' % ('ab', 'ab', 'abc') }} {{ 'plain' % {} }} {{ '%*d' % (5, 42) }} {{ '%s' % missing }} {{ '%s' % none }}
{{ '%d' % 'a' }}
{{ '%s %s' % 1 }}
{{ '%s' % (1, 2) }}
{{ 'x' % 1 }}
{{ '%z' % 1 }}
{{ '%' % () }}
{{ '%(a)s' % 1 }}
{{ 'abc'.nomethod() }}
{{ 'abc'.upper(1) }}
{{ 'abc'.upper }}{# printing a method shows an address #}{{ 1/0 }}
{{ user.copy() == user }} {{ user.keys() | list }} {{ user.values() | list | length }} {{ user.items is callable }} {{ {'get': 1}.get }}{{ 1/0 }}
{{ {'get': 1}['get'] }} {{ {'x': 1}['get'] is callable }}
{{ (numbers | sort).copy() }} {{ numbers.extend([1]) }}
{{ 'é' == 'e\u0301' }} {{ 'é' in 'cafe\u0301' }} {{ {'é': 1}.get('e\u0301', 'none') }} {{ 'e\u0301' | length }} {{ ['é', 'e\u0301'] | unique | list | length }} {{ 'e\u0301x'.startswith('e') }} {{ 'e\u0301'.split('e') }} {{ 'e\u0301'.replace('e', 'a') }}
"""

TESTS = r"""
{{ 1 is odd }} {{ 2 is even }} {{ 6 is divisibleby(3) }} {{ 6 is divisibleby 4 }} {{ 1.0 is odd }} {{ -1 is odd }}
{{ 'a' is odd }}
{{ missing is odd }}
{{ missing is defined }} {{ user is defined }} {{ missing is undefined }} {{ user.x is not defined }} {{ nothing is defined }}
{{ nothing is none }} {{ missing is none }} {{ 0 is none }} {{ nothing is not none }}
{{ true is boolean }} {{ 1 is boolean }} {{ true is true }} {{ 1 is true }} {{ false is false }} {{ 0 is false }}
{{ 1 is integer }} {{ true is integer }} {{ 1.0 is float }} {{ 1 is float }} {{ 1 is number }} {{ true is number }} {{ '1' is number }}
{{ 'a' is string }} {{ 1 is string }} {{ missing is string }} {{ (html | safe) is string }} {{ (html | safe) is escaped }} {{ html is escaped }}
{{ user is mapping }} {{ [] is mapping }} {{ namespace() is mapping }}
{{ [] is sequence }} {{ 'a' is sequence }} {{ {} is sequence }} {{ () is sequence }} {{ 1 is sequence }} {{ missing is sequence }} {{ range(2) is sequence }} {{ user.keys() is sequence }} {{ (numbers | select) is sequence }}
{{ [] is iterable }} {{ 'a' is iterable }} {{ {} is iterable }} {{ 1 is iterable }} {{ none is iterable }} {{ missing is iterable }} {{ (numbers | select) is iterable }} {{ user.items() is iterable }}
{{ 'abc' is lower }} {{ 'ABC' is upper }} {{ 'a1' is lower }} {{ '1' is lower }} {{ 1 is upper }}
{{ true is sameas true }} {{ 1 is sameas true }} {{ numbers is sameas numbers }} {{ [1] is sameas [1] }} {{ none is sameas none }} {{ false is sameas(false) }}
{{ 1 is in [1, 2] }} {{ 3 is not in [1, 2] }} {{ 'a' is in 'abc' }} {{ 1 is in(numbers) }}
{{ 1 is eq 1 }} {{ 1 is ne 2 }} {{ 2 is gt 1 }} {{ 2 is ge 2 }} {{ 1 is lt 2 }} {{ 1 is le 0 }} {{ 1 is equalto 1 }} {{ 3 is greaterthan 2 }} {{ 1 is lessthan 0 }} {{ 1 is eq(1.0) }}
{{ 'x' is gt 1 }}
{{ range is callable }} {{ 'a'.upper is callable }} {{ 1 is callable }} {{ missing is callable }} {{ dict is callable }} {{ namespace is callable }}
{{ 1 is notest }}
{{ 1 is defined(2) }}
{{ not 1 is none }} {{ 1 is not none and 2 is not none }} {{ x is defined and x }} {{ x is defined or 'else' }}
{% if user.name is string and user.age is number and user.tags is iterable and user.tags is not string %}all{% endif %}
{{ 'a' if missing is defined else 'b' }}
{{ missing is defined if true }}
{{ 5 is divisibleby 0 }}
{{ true is in [1] }} {{ 'a' is string and 'b' is not mapping }} {{ [] is not none }} {{ (1, 2) is iterable }}
{{ numbers is iterable if numbers is defined else 'x' }}
"""

STATEMENTS = r"""
{% if 0 %}a{% elif '' %}b{% elif 'x' %}c{% else %}d{% endif %}
{% if missing %}a{% else %}b{% endif %} {% if user.tags %}c{% endif %}
{% for i in numbers %}{{ i }}{% endfor %}|{% for i in [] %}x{% else %}none{% endfor %}|{% for i in missing %}x{% else %}none{% endfor %}
{% for i in nothing %}x{% endfor %}
{% for i in 5 %}x{% endfor %}
{% for k, v in user.nested.items() %}{{ k }}={{ v }};{% endfor %}{% for k in user %}{{ k }},{% endfor %}{% for c in 'añ' %}[{{ c }}]{% endfor %}
{% for a, b in pairs %}{{ a }}{{ b }}{% endfor %}{% for (a, b) in pairs %}{{ b }}{% endfor %}{% for a, (b, c) in [(1, (2, 3))] %}{{ a + b + c }}{% endfor %}
{% for a, b in [1, 2] %}{% endfor %}
{% for a, b in ['abc'] %}{% endfor %}
{% for a, b in [(1,)] %}{% endfor %}
{% for i in numbers %}{{ loop.index }}{{ loop.index0 }}{{ loop.revindex }}{{ loop.revindex0 }}{{ loop.first }}{{ loop.last }}{{ loop.length }}{{ loop.depth }}{{ loop.depth0 }} {% endfor %}
{% for i in numbers %}{{ loop.previtem }}<{{ i }}>{{ loop.nextitem }} {{ loop.previtem is defined }} {% endfor %}
{% for i in numbers %}{{ loop.cycle('odd', 'even') }} {% endfor %}{% for i in [1, 1, 2, 2, 1] %}{{ loop.changed(i) }} {% endfor %}
{% for i in numbers %}{{ loop.cycle() }}{% endfor %}
{% for i in numbers %}{{ loop }} {% endfor %}
{% for i in numbers if i > 1 %}{{ i }}/{{ loop.index }}/{{ loop.length }}/{{ loop.last }} {% endfor %}{% for i in numbers if i > 9 %}x{% else %}none{% endfor %}
{% for i in numbers | select('odd') %}{{ loop.length }}{{ loop.last }}{{ loop.nextitem }} {% endfor %}
{% for i in [1, 2, 3, 4, 5] %}{% if i == 2 %}{% continue %}{% endif %}{% if i == 4 %}{% break %}{% endif %}{{ i }}{% endfor %}
{% for i in [1, 2] %}{% continue %}{% else %}ran{% endfor %}|{% for i in [1, 2] %}{% break %}{% else %}ran{% endfor %}|{% for i in [1, 2] %}{% if i == 2 %}{% break %}{% endif %}{% else %}ran{% endfor %}
{% for i in [1, 2] %}{% for j in [1, 2] %}{% if j == 2 %}{% break %}{% endif %}{{ i }}{{ j }}{{ loop.index }} {% endfor %}{{ loop.index }};{% endfor %}
{% break %}
{% macro m() %}{% break %}{% endmacro %}
{% for i in [1] %}{% macro m() %}{% break %}{% endmacro %}{% endfor %}
{% for i in [1] %}{% else %}{% break %}{% endfor %}
{% for i in [1, 2] %}{% set x %}{{ i }}{% if i == 1 %}{% continue %}{% endif %}{% endset %}[{{ x }}]{% endfor %}
{% for i in [1] %}{% generation %}{% continue %}{% endgeneration %}{% endfor %}
{% for n in tree recursive %}{{ n.n }}{{ loop.depth }}{% if n.c %}({{ loop(n.c) }}){% endif %}{% if not loop.last %},{% endif %}{% endfor %}
{% for n in [1] %}{{ loop([2]) }}{% endfor %}
{% for x in [] %}{% endfor %}{{ loop }}|{{ x }}
{% for i in [1, 2] %}{% set loop = 3 %}{% endfor %}
{% for loop in [1, 2] %}{% endfor %}
{% for i in range(3) %}{{ loop.index if loop.index is odd }}{% endfor %}
{% for i in [1, 2, 3] | reverse %}{{ i }}{{ loop.last }}{% endfor %}
{% set x = 1 %}{% for i in [1, 2] %}{{ x }}{% set x = x + i %}{{ x }} {% endfor %}{{ x }}
{% set x = 1 %}{% if true %}{% set x = 2 %}{% endif %}{{ x }}
{% for i in [1, 2] %}{% if i == 1 %}{% set y = 'set' %}{% endif %}[{{ y }}]{% endfor %}[{{ y }}]
{% set ns = namespace(n=0, l=[]) %}{% for i in numbers %}{% set ns.n = ns.n + i %}{% set ns.l = ns.l + [i] %}{% endfor %}{{ ns.n }} {{ ns.l }} {{ ns['n'] }} {{ ns.missing is defined }} {{ ns }}
{% set ns = namespace() %}{% set ns._x = 1 %}
{% set user.name = 'x' %}
{% set missing.x = 1 %}
{% set a, b = 1, 2 %}{{ a }}{{ b }}{% set (c, d) = [3, 4] %}{{ c }}{{ d }}{% set t = 1, 2 %}{{ t }}{% set e, = [5] %}{{ e }}
{% set a, b = 1 %}
{% set a, b = [1, 2, 3] %}
{% set none = 1 %}
{% set 'a' = 1 %}
{% set a.b.c = 1 %}
{% set a[0] = 1 %}
{% set x %}block {{ 1 + 1 }}{% endset %}[{{ x }}] {% set x | upper | replace('B', '8') %}abc{% endset %}[{{ x }}]
{% set ns = namespace() %}{% set ns.x %}body{% endset %}{{ ns.x }}{% set ns.a, ns.b = 1, 2 %}{{ ns.a }}{{ ns.b }}
{% set x %}{% set y = 1 %}{% endset %}[{{ y }}]
{% macro m(a, b=2, c=a) %}{{ a }}-{{ b }}-{{ c }};{% endmacro %}{{ m(1) }}{{ m(1, 3) }}{{ m(b=5, a=4) }}{{ m('x', c=none) }}{{ m() }}
{% macro m(a) %}{{ a }}{% endmacro %}{{ m(1, 2) }}
{% macro m(a) %}{{ a }}{% endmacro %}{{ m(x=2) }}
{% macro m(a) %}{{ a }}{% endmacro %}{{ m(1, a=2) }}
{% macro m(a, b=1, c) %}{% endmacro %}
{% macro m() %}{{ varargs }} {{ kwargs }}{% endmacro %}{{ m(1, 2, x=3) }}
{% macro m(a) %}{{ a }}{{ varargs }}{% endmacro %}{{ m(1, 2) }}
{% macro m() %}[{{ caller() }}]{% endmacro %}{% call m() %}body{% endcall %}
{% macro m() %}{{ caller(1) }}{{ caller(2, y=3) }}{% endmacro %}{% call(x, y=9) m() %}<{{ x }}{{ y }}>{% endcall %}
{% macro m() %}[{{ caller() }}]{% endmacro %}{{ m() }}
{% macro m() %}x{% endmacro %}{% call m() %}body{% endcall %}
{% macro m(caller) %}{{ caller() }}{% endmacro %}
{% macro m(caller=none) %}{{ 'none' if caller is none else caller() }}{% endmacro %}{{ m() }}{% call m() %}given{% endcall %}
{% macro inner(x) %}<{{ x }}>{% endmacro %}{% macro outer(x) %}{{ inner(x * 2) }}{{ inner('a') }}{% endmacro %}{{ outer(3) }}
{% macro fac(n) %}{{ n * (fac(n - 1) | int) if n > 1 else 1 }}{% endmacro %}{{ fac(6) }}
{% macro m() %}{{ x }}{% set x = 5 %}{{ x }}{% endmacro %}{% set x = 1 %}{{ m() }}{{ x }}{% set x = 2 %}{{ m() }}
{% macro m() %}{{ i }}{{ loop }}{% endmacro %}{% for i in [1, 2] %}[{{ m() }}]{% endfor %}
{% for i in [1, 2] %}{% macro m(y) %}{{ i }}{{ y }}{% endmacro %}{{ m('a') }}{% endfor %}{{ m is defined }}
{% macro m(x) %}{% if x %}{{ x }}{{ m(x[1:]) }}{% endif %}{% endmacro %}{{ m('abc') }} {{ m.name }} {{ m.arguments }} {{ m.caller }} {{ m }}
{% macro a() %}{% call b() %}{{ caller() }}{% endcall %}{% endmacro %}{% macro b() %}[{{ caller() }}]{% endmacro %}{% call a() %}x{% endcall %}
{% macro a() %}{% set c = caller %}{% call b() %}{{ c() }}{% endcall %}{% endmacro %}{% macro b() %}[{{ caller() }}]{% endmacro %}{% call a() %}x{% endcall %}
{% call 5 %}{% endcall %}
{% call range(3) %}x{% endcall %}
{% with a = 1, b = 2 %}{{ a + b }}{% set a = 9 %}{{ a }}{% endwith %}[{{ a }}]{% set a = 5 %}{% with a = 1, b = a %}{{ b }}{% endwith %}{% with %}{{ a }}{% endwith %}
{% filter upper %}abc {{ text }}{% endfilter %}|{% filter replace('a', 'x') | upper %}banana{% endfilter %}
{% generation %}a{{ 1 }}{% endgeneration %}|{% generation %}{% set q = 1 %}{% endgeneration %}{{ q is defined }}
{% print 1, 'a', user.name %}
{% raw %}{{ not }} {% this %} {# either #}{% endraw %}
  {% raw %}  x  {% endraw %}  y
{%- raw -%}   a   {%- endraw -%}   b
{% raw %}
{# comment #}a{#- b -#}  c  {#
{% unknown %}
{% endif %}
{% if true %}
{% for %}{% endfor %}
{% if true %}{% endfor %}
{% for i in [1] %}{% endif %}
{% if %}a{% endif %}
{% macro %}{% endmacro %}
{% include 'x' %}
{% import 'x' as y %}
{% extends 'x' %}
{# no end
{% raw %} no end
{{ 1
{% set x = 1
{{ raise_exception('Stop here: ' ~ 1) }}
{{ raise_exception() }}
{{ strftime_now('%d %b %Y') }}|{{ strftime_now('%Y-%m-%d %H:%M:%S.%f %j %A %a %B %I %p %y %U %W %w %u %e %-d %-m %F %T %D %R %%') }}|{{ strftime_now('%c|%x|%X|%z|%Z|%h|%C|%n|%t|%k|%l|%_d|%-H|%-j') }}|{{ strftime_now('plain é') }}|{{ strftime_now('') }}
{{ cycler('a', 'b').next() }}{% set c = cycler(1, 2) %}{{ c.next() }}{{ c.next() }}{{ c.next() }}{{ c.current }}{{ c.reset() }}{{ c.next() }}{% set j = joiner('; ') %}{{ j() }}a{{ j() }}b{{ j() }}
{% set g = numbers | map('string') %}{% for i in g %}{{ i }}{% endfor %}|{% for i in g %}{{ i }}{% endfor %}|{{ g | list }}
{% set f = 'x' %}{% if f is string %}{% set f = [f] %}{% endif %}{% for i in f %}{{ i }}{% endfor %}
{% for m in people if m.age is defined %}{{ m.name }}{{ ',' if not loop.last }}{% endfor %}
{% set messages = [1, 2, 3] %}{% set messages = messages[1:] %}{{ messages }}
{% if numbers[0] == 3 and (numbers[1] != 3 or missing) %}ok{% endif %}
{% if not (a is defined and a) %}no a{% endif %}
{% for x in [[1, 2], [3]] %}{% for y in x %}{{ loop.index }}/{{ y }} {% endfor %}{% endfor %}
{% for k, v in {'b': 1, 'a': 2} | dictsort %}{{ k }}{{ v }}{% endfor %}
{% for i in [1, 2, 3] %}{{ i }}{% if not loop.last %}, {% endif %}{% endfor %}.
"""

SPACES = [
    "a\n  {% if true %}\n  b\n  {% endif %}\nc\n",
    "a\n  {%- if true -%}\n  b\n  {%- endif -%}\nc",
    "a\n  {%+ if true %}\n  b\n  {%+ endif +%}\nc",
    "a\n  {{ 1 }}\n  {{- 2 -}}\n  b",
    "{{ 1 }}\n\n{{ 2 }}\n",
    "a\n\n",
    "a\r\nb\rc\n\r\n",
    "{% set x = 1 %}\r\n{{ x }}\r\n",
    "{{ 'a\r\nb\rc' }}",
    "  {% set x = 1 %}  {{ x }}  {% set y = 2 %}  \n  z",
    "\t {# c #}\n a {# d #}\n\n{#- e #} b",
    "  {# a #}{% set x = 1 %}\n  x",
    "a {%- set x = 1 %} b {%- set y = 2 -%} c",
    "{% if true %}\n\n\nx{% endif %}\n",
    "x {{- ' y ' -}} z {{-' w '}}",
    "\n\n{% for i in [1, 2] %}\n  - {{ i }}\n{% endfor %}\n\nend",
    "{% for i in [1, 2] -%}\n  {{ i }}\n{%- endfor %}",
    "a{% raw %}\n  {% endraw %}\nb",
    "a\n   {%- raw +%}\n b {% endraw +%}\n c",
    "\u00a0\u3000{% set x = 1 %}a \u2028{%- set x = 1 %}",
    "a\x0b{%- set x = 1 -%}\x1c\x85b",
    "{{ '{{' }} {{ '}}' }} {{ '{%' }} {{ {'a': {'b': 1}} }}",
    "{{ {'a': {'b': {}}}}}",
    "{%for i in[1,2]%}{{i}}{%endfor%}",
    "{% if true%}a{%else%}b{%endif%}",
    "{% if true: %}a{% else: %}b{% endif %}",
    "{{+ 1 }}{{- 1 }}{{-1}}",
    "{{ 1 +}}",
    "{ { 1 } } {%% } {{ '#}' }} }} %} #}",
    "{#{# nested #}#}",
    "",
    " ",
    "\n",
    "\n\n",
    "a\n{% if false %}b{% endif %}\n\nc\n\n",
    "{% set x %}\n  a\n  b\n{% endset %}\n[{{ x }}]",
    "{% macro m() %}\n  a\n{% endmacro %}\n[{{ m() }}]",
    "  {% if true %}  a  {% endif %}  \n  b",
    "x\n    {%- if true %}\n  y\n    {%- endif %}\n\n    {%- if true %}\nz{% endif -%}\n\n\n",
    "é\n  {% set x = 'ü' %}\n{{ x }}ö",
    "{% raw %}\na\n{% endraw %}\nb",
    "{# comment #}a{#- b -#}  c  {#\n many\nlines #}\nd",
    "{{ 'a\\\nb' }}",
    "{{ {\n  'a': 1,\n  'b': [\n1, 2]}\n}}",
    "{%-\n  if true\n-%}\n x {% endif\n%}\ny",
]

TEMPLATES = SPACES + [
    line for block in (OPERATORS, FILTERS, METHODS, TESTS, STATEMENTS)
    for line in block.strip("\n").split("\n")]
