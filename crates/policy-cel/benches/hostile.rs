//! What does a unit of cost take of time, by the shape of the expression that spends it?
//!
//! A request may spend [`vouchsafe_policy_cel::limits::DEFAULT_COST_PER_REQUEST`], so the slowest row times that is the longest that
//! hostile expressions can hold a processor. `cargo bench -p vouchsafe-policy-cel --bench hostile [WORD]` prints the rows whose
//! expression has the word.
#![expect(clippy::print_stdout, reason = "a bench says what it measured")]

use std::collections::HashMap;
use std::time::Duration;

use serde_json::{Value as Json, json};
use vouchsafe_policy_cel::{Budget, Environment, EnvironmentBuilder, NoHost, Scope, Value, limits};

/// Bodies of a loop over a number `i` that never decide it
const BODIES: &[&str] = &[
    "true",
    "i >= 0",
    "i + i >= 0",
    "i == i",
    "i % 7 < 9 && i * 3 - i >= 0",
    "i in [1, 2, 3] || true",
    "i in object.list || true",
    "(i > 500 ? i : i + 1) >= 0",
    "double(i) * 1.5 >= 0.0",
    "lists.range(10).all(b, true)",
    "lists.range(10).all(b, i + b >= 0)",
    "lists.range(10).exists(b, i < b) || true",
    "lists.range(10).exists_one(b, i == b) || true",
    "lists.range(10).map(b, b).size() == 10",
    "lists.range(10).map(b, [b]).size() == 10",
    "lists.range(10).map(b, {b: b}).size() == 10",
    "lists.range(10).filter(b, b >= 0).size() == 10",
    "lists.range(10).transformList(a, b, a + b).size() == 10",
    "lists.range(10).transformMap(a, b, a + b).size() == 10",
    "lists.range(10).transformMapEntry(a, b, {a: b}).size() == 10",
    "lists.range(10).all(a, b, a == b)",
    "object.list.all(b, b >= 0)",
    "object.list.all(a, b, a == b)",
    "object.list.exists(b, b < 0) || true",
    "object.list[i % 100] >= 0",
    "object.labels.all(k, k != '')",
    "object.labels.all(k, v, k != v)",
    "object.labels['app'] == 'x'",
    "object.labels.app == 'x'",
    "'app' in object.labels",
    "has(object.labels.app)",
    "object.?labels.?app.orValue('') == 'x'",
    "object[?'labels'].optMap(l, l.app).orValue('') == 'x'",
    "optional.of(i).hasValue()",
    "optional.ofNonZeroValue(i).or(optional.of(1)).hasValue()",
    "object.nope.nope == 1 || true",
    "i / 0 == 1 || true",
    "[i, i, i].size() == 3",
    "[i, i, i] == [i, i, i]",
    "{'a': i, 'b': i}.size() == 2",
    "{'a': i, 'b': i}.a == i",
    "[[i], [i]].flatten().size() == 2",
    "[3, 2, 1, i].sort().size() == 4",
    "lists.range(10).reverse().sort()[0] == 0",
    "lists.range(10).sortBy(b, -b)[0] == 9",
    "lists.range(10).distinct().size() == 10",
    "lists.range(10).slice(1, 3).size() == 2",
    "lists.range(10).sum() == 45",
    "lists.range(10).min() == 0",
    "lists.range(10).isSorted()",
    "lists.range(10).indexOf(9) == 9",
    "sets.contains([1, 2, 3], [i]) || true",
    "sets.equivalent([1, 2, i], [i, 2, 1])",
    "sets.intersects([1, 2, i], [i, 2, 1])",
    "string(i) != ''",
    "int(string(i)) == i",
    "('a' + string(i)).size() > 1",
    "object.word + object.word != ''",
    "object.text.contains('xy') || true",
    "object.text.indexOf('xy') < 0",
    "object.text.lastIndexOf('xy') < 0",
    "object.text.startsWith('xx')",
    "object.text.size() > 0",
    "object.text == object.text",
    "object.text < object.text + 'x'",
    "object.word.lowerAscii() != ''",
    "object.word.upperAscii() != ''",
    "object.word.replace('l', 'L') != ''",
    "object.word.split('').size() > 1",
    "object.word.split(',').join(';') != ''",
    "object.word.substring(3, 5) != ''",
    "object.word.charAt(3) != ''",
    "object.word.trim() != ''",
    "object.wide.charAt(3000) != ''",
    "object.wide.size() == 4000",
    "object.wide.substring(3000, 3001) != ''",
    "strings.quote(object.word) != ''",
    "'%d'.format([i]) != ''",
    "'%s'.format([i]) != ''",
    "'%.3f'.format([1.5]) != ''",
    "'%e'.format([1e300]) != ''",
    "'%.100f'.format([1e300]) != ''",
    "'%s %s'.format([object.labels, [i, i]]) != ''",
    "'%x'.format([object.word]) != ''",
    "'%s'.format([1.0e300]) != ''",
    "string(1.0e300 + double(i)) != ''",
    "double('1e' + string(i % 300)) > 0.0",
    "object.word.matches('^[a-z]+$') || true",
    "object.text.matches('(x|xx)*y') || true",
    "object.ab.matches('a[ab]{30}c') || true",
    "object.ab.matches('[ab]*a[ab]{12}c$') || true",
    "object.ab.matches('(a|b|ab|ba)*c') || true",
    "object.random.matches('^[ab]*a[ab]{12}$') || true",
    "object.random.matches('^[ab]*a[ab]{30}$') || true",
    "object.random.matches('^[ab]*a[ab]{200}$') || true",
    "object.random.matches('[ab]*a[ab]{200}a{20}[ab]*$') || true",
    "object.random.matches('(a|b|ab|ba|aab|bba)*(a[ab]{5}|b[ab]{7})*$') || true",
    "object.random.find('a[ab]{50}aaaaaaaaaaaaaaaaaaaaa') != ''",
    "object.random.findAll('([ab]*a[ab]{20}|b)').size() > 1",
    "regex.extract(object.random, '([ab]*?)(?:a[ab]{20}$)').hasValue() || true",
    "sha256(string(i)).matches('^[0-9a-f]*[0-7][0-9a-f]{20}$') || true",
    "object.upper.findAll('.*[^A-Z]|[A-Z]').size() > 1",
    "regex.replace(object.upper, '.*[^A-Z]|[A-Z]', 'x') != ''",
    "regex.extractAll(object.upper, '.*[^A-Z]|([A-Z])').size() > 1",
    "sha256(string(i)).matches('[0-7][0-9a-f]{300}[g-z]') || true",
    "object[object.text] == 1 || true",
    "object.text in object",
    "{object.text: 1}.size() == 1",
    "sha256(string(i)).matches('[0-7][0-9a-f]{40}[g-z]') || true",
    "object.wide.matches('\\\\pL+\\\\pN') || true",
    "object.word.matches('a' + string(i % 10)) || true",
    "object.word.matches('a' + string(i)) || true",
    "object.word.find('[a-z]+') != ''",
    "object.word.findAll('[a-z]').size() > 1",
    "regex.replace(object.word, '[a-z]', 'x') != ''",
    "regex.extract(object.word, '[a-z]+').hasValue()",
    "regex.extractAll(object.word, '([a-z])').size() > 1",
    "timestamp('2024-01-01T00:00:00Z') < timestamp(i)|| true",
    "timestamp(object.time).getHours() >= 0",
    "timestamp(object.time).getHours('America/New_York') >= 0",
    "timestamp(object.time).getDayOfYear('Europe/Berlin') >= 0",
    "string(timestamp(i)) != ''",
    "duration('1h' + string(i % 60) + 'm') > duration('0s')",
    "string(duration(string(i) + 's')) != ''",
    "quantity(string(i) + 'Mi').isGreaterThan(quantity('1'))|| true",
    "sign(quantity('1.5').add(quantity(string(i)))) >= 0",
    "quantity('123456789012345678901234567890').add(i).asApproximateFloat() > 0.0",
    "isQuantity(object.word) || true",
    "isQuantity('1e' + string(i)) || true",
    "semver('1.2.' + string(i)).isGreaterThan(semver('1.0.0'))",
    "isSemver('v1.2-rc.1+b' + string(i), true)",
    "url('https://user@example.com:8080/a/b?c=d&e=' + string(i)).getHost() != ''",
    "url('https://example.com/a?c=d&e=f').getQuery().size() == 2",
    "isURL(object.word) || true",
    "ip('10.0.0.' + string(i % 255)).isLoopback() || true",
    "ip('fe80::' + string(i % 255)).family() == 6",
    "cidr('10.0.0.0/8').containsIP('10.0.0.' + string(i % 255))",
    "cidr('fd00::/8').containsCIDR('fd00:1::/' + string(16 + i % 99))",
    "string(cidr('10.1.2.3/8').masked()) != ''",
    "format.dns1123Label().validate(object.word).hasValue() || true",
    "format.uri().validate('http://a/' + string(i)).hasValue() || true",
    "format.datetime().validate(object.time).hasValue() || true",
    "format.byte().validate(object.word).hasValue() || true",
    "format.named('dns1123Label').hasValue()",
    "base64.encode(b'abcdefgh').size() > 0",
    "base64.decode('YWJjZGVmZ2g=').size() > 0",
    "bytes(object.word).size() > 0",
    "math.greatest([1, 2, i]) >= 0",
    "math.least(1, 2, i) >= 0",
    "math.sqrt(double(i)) >= 0.0",
    "math.round(1.2345, 2) > 1.0",
    "math.bitShiftLeft(i, 3) >= 0",
    "type(i) == int",
    "dyn(i) == 1.0 || true",
    "md5(object.word) != ''",
    "sha1(object.word) != ''",
    "sha256(object.word) != ''",
    "sha256(object.text) != ''",
    "json.marshal(object.labels) != ''",
    "json.unmarshal('{\"a\": [1, 2, {\"b\": null}]}').a.size() == 3",
    "yaml.parse('a: [1, 2, {b: null}]').a.size() == 3",
    "json.unmarshal(object.jsontext).size() > 0",
    "yaml.parse(object.yamltext).size() > 0",
    "yaml.parse(object.jsontext).size() > 0",
    "json.marshal(object.list) != ''",
    "parseImageReference('ghcr.io/a/b:v' + string(i)).registry() == 'ghcr.io'",
    "parseImageReference('a/b@sha256:' + sha256(string(i))).digest() != ''",
    "isImage(object.word) || true",
    "image('nginx').tag() == 'latest'",
    "listObjToMap(object.pairs, object.pairs, 'name', 'value').size() > 0",
    "parseServiceAccount('system:serviceaccount:ns:name').Name == 'name'",
    "random('[a-z]{10}') != ''",
    "time.truncate(timestamp(i), duration('1h')) <= timestamp(i)",
    "time.toCron(timestamp(i)) != ''",
    "gzip.compress(object.word).size() > 0",
    "gzip.decompress(gzip.compress(object.word)) != ''",
    "gzip.compress(object.text).size() > 0",
    "cel.bind(x, i, x + x >= 0)",
    "cel.bind(x, [i], x + x + x).size() == 3",
    "dyn(object) == dyn(object)",
    "object.list == object.list",
    "object.list + object.list != []",
    "object.texts.join(',') != ''",
    "object.texts.exists(t, t == 'nope') || true",
    "'nope' in object.texts || true",
    "object.texts.sort().size() > 0",
    "object.texts.distinct().size() > 0",
    "object.texts.all(t, t.startsWith('te'))",
    "object.list.sort().size() > 0",
    "object.list.map(x, x + 1).sort().size() > 0",
    "object.list.map(x, double(x)).distinct().size() > 0",
    "object.list.transformMap(k, v, v).size() > 0",
    "sets.contains(object.list, object.list)",
];

fn main() {
    let only = std::env::args()
        .skip(1)
        .find(|argument| !argument.starts_with("--"))
        .unwrap_or_default();
    let builder: EnvironmentBuilder = Environment::validating_policy(Scope::Cluster);
    let environment = builder.build();
    let object = object();
    let mut rows: Vec<(f64, String)> = BODIES
        .iter()
        .filter(|body| body.contains(&only))
        .map(|body| measured(&environment, &object, body))
        .collect();
    rows.sort_by(|left, right| right.0.total_cmp(&left.0));
    for (_, row) in rows {
        println!("{row}");
    }
}

fn measured(environment: &Environment, object: &Json, body: &str) -> (f64, String) {
    let text = format!("lists.range(1000).all(o, lists.range(1000).all(i, {body}))");
    let program = match environment.compile(&text) {
        Ok(program) => program,
        Err(errors) => return (f64::MAX, format!("{body}: {errors:?}")),
    };
    let variables: HashMap<String, Value<'_>> = [("object".to_owned(), Value::from(object))].into();
    let mut best = Duration::MAX;
    let mut spent = 0;
    let mut end = String::new();
    for _ in 0..5 {
        let budget = Budget::default();
        let start = processor_time();
        let outcome = program.evaluate_measured(&variables, &NoHost, &budget);
        best = best.min(processor_time().saturating_sub(start));
        end = outcome
            .value
            .map_or_else(|error| error.to_string(), |value| format!("{value:?}"));
        spent = limits::DEFAULT_COST_PER_REQUEST - budget.left();
    }
    let turn = {
        let budget = Budget::default();
        let program = environment.compile(&format!("[7].all(i, {body})"));
        program.map_or(0, |program| {
            program.evaluate_measured(&variables, &NoHost, &budget).cost
        })
    };
    let unit = best.as_nanos() as f64 / spent.max(1) as f64;
    let request = unit * limits::DEFAULT_COST_PER_REQUEST as f64 / 1e6;
    let all = spent as f64 / turn.max(1) as f64;
    let end: String = end.chars().take(42).collect();
    (
        request,
        format!(
            "{request:7.1} ms a request, {unit:7.2} ns a unit, {best:9.2?} for {spent:>8}, {turn:>6} a turn ({all:9.0})  {body}  [{end}]"
        ),
    )
}

/// Processor time of this thread so far: others who use the machine do not count
fn processor_time() -> Duration {
    // The kernel settles the account when the thread gives way.
    std::thread::yield_now();
    let stat = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    let nanoseconds = stat.split(' ').next().and_then(|number| number.parse().ok());
    Duration::from_nanos(nanoseconds.unwrap_or(0))
}

fn object() -> Json {
    let texts: Vec<String> = (0..1_000)
        .map(|at| format!("text{}", at * 7_919 % 1_000))
        .collect();
    let pairs: Vec<Json> = (0..20)
        .map(|at| json!({"name": format!("n{at}"), "value": at}))
        .collect();
    let random: String = (0_u64..4_000)
        .map(|at| {
            if (at * at * 2_654_435_761) >> 13 & 1 == 0 {
                'a'
            } else {
                'b'
            }
        })
        .collect();
    json!({
        "list": (0..1_000).map(|at| at * 7_919 % 1_000).collect::<Vec<_>>(),
        "labels": {"app": "x", "tier": "front", "team": "a"},
        "text": "x".repeat(100_000),
        "word": "hello, hello, hello",
        "wide": "é".repeat(4_000),
        "ab": "ab".repeat(5_000),
        "random": random,
        "upper": "A".repeat(10_000),
        "time": "2024-01-01T00:00:00.123Z",
        "texts": texts,
        "pairs": pairs,
        "jsontext": "[".to_owned() + &"{\"a\":1},".repeat(1_000) + "1]",
        "yamltext": "- a: 1\n".repeat(1_000),
    })
}
