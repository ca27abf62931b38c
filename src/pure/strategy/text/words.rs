//! Python's keywords: which a text can have, and what to write instead of the others.

/// Keywords that begin what a text cannot have, and what to write instead.
pub(super) const REFUSED: &[(&str, &str, &str)] = &[
    ("while", "while은 없습니다. `for i in range(n):`을 쓰세요", "there is no `while`: write `for i in range(n):`"),
    ("import", "import는 없습니다. 함수는 이미 다 있습니다", "there is no `import`: every function is there already"),
    ("from", "import는 없습니다. 함수는 이미 다 있습니다", "there is no `import`: every function is there already"),
    ("class", "class는 없습니다. 변수를 쓰세요", "there is no `class`: use variables"),
    ("try", "try는 없습니다. 계산할 수 없는 행은 신호가 없습니다", "there is no `try`: a row that faults gives no signal"),
    ("except", "except는 없습니다", "there is no `except`: a row that faults gives no signal"),
    ("with", "with는 없습니다", "there is no `with`: a text opens nothing"),
    ("return", "return은 `def 이름(x): return 식` 안에서만 씁니다", "`return` only stands in `def name(x): return expression`"),
    ("global", "global은 없습니다. 변수는 행마다 새로 시작합니다", "there is no `global`: variables begin anew with each row"),
    ("nonlocal", "nonlocal은 없습니다", "there is no `nonlocal`: variables begin anew with each row"),
    ("del", "del은 없습니다. 변수는 행마다 새로 시작합니다", "there is no `del`: variables begin anew with each row"),
    ("raise", "raise는 없습니다", "there is no `raise`: set `매수 = False` instead"),
    ("assert", "assert는 없습니다. if를 쓰세요", "there is no `assert`: write `if`"),
    ("async", "async는 없습니다", "there is no `async`: a text waits for nothing"),
    ("await", "await는 없습니다", "there is no `await`: a text waits for nothing"),
    ("yield", "yield는 없습니다", "there is no `yield`"),
    ("break", "break는 없습니다. 조건을 if로 쓰세요", "there is no `break`: put the condition into an `if`"),
    ("continue", "continue는 없습니다. 조건을 if로 쓰세요", "there is no `continue`: put the condition into an `if`"),
    ("elif", "앞에 if가 없는 elif입니다", "`elif` without an `if` in the same column above it"),
    ("else", "앞에 if가 없는 else입니다", "`else` without an `if` in the same column above it"),
];

/// Words that cannot be names.
const KEYWORDS: &[&str] = &[
    "and", "or", "not", "if", "elif", "else", "for", "in", "is", "def", "lambda", "pass", "True", "False", "None", "while",
    "import", "from", "class", "try", "except", "finally", "with", "as", "return", "global", "nonlocal", "del", "raise",
    "assert", "async", "await", "yield", "break", "continue",
];

/// Whether a word cannot be a name.
pub(super) fn is_keyword(word: &str) -> bool {
    KEYWORDS.contains(&word)
}
