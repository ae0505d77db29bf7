package facts

import (
	"regexp"
	"strings"
	"unicode"
)

// secretKinds are the forms that makers of keys give them.
var secretKinds = []struct {
	pattern *regexp.Regexp
	kind    string
}{
	{regexp.MustCompile(`\bAKIA[0-9A-Z]{16}\b`), "AWS access key"},
	{regexp.MustCompile(`\bgh[pousr]_[A-Za-z0-9]{36}\b`), "GitHub token"},
	{regexp.MustCompile(`\b[rs]k_live_[A-Za-z0-9]{20,}\b`), "Stripe key"},
	{regexp.MustCompile(`\bxox[bpars]-[A-Za-z0-9-]{20,}\b`), "Slack token"},
	{regexp.MustCompile(`-----BEGIN (RSA |EC |OPENSSH )?PRIVATE KEY-----\s*[A-Za-z0-9+/=\\n\s]{100,}`), "private key"},
	{regexp.MustCompile(`\bSG\.[A-Za-z0-9_-]{22}\.[A-Za-z0-9_-]{43}\b`), "SendGrid key"},
}

// SecretForm recognises what lets its holder in by the form that its maker gives it, and says what it is; "" for any other text.
func SecretForm(literal string) string {
	if len(literal) < 20 || strings.Contains(literal, "EXAMPLE") {
		return ""
	}
	for _, s := range secretKinds {
		if found := s.pattern.FindString(literal); found != "" && mixed(found) {
			return s.kind // what has no digit was thought of, and not drawn
		}
	}
	if m := urlPassword.FindStringSubmatch(literal); m != nil && !placeholder.MatchString(m[2]) && m[1] != m[2] && mixed(m[2]) && !nowhere.MatchString(m[3]) {
		return "password in a URL"
	}
	return ""
}

var (
	// urlPassword is a URL of a store or a queue with who logs in, the password and the host.
	urlPassword = regexp.MustCompile(`\b(?:postgres(?:ql)?|mysql|mariadb|mongodb(?:\+srv)?|rediss?|amqps?|sqlserver|clickhouse)://([^:/\s@]*):([^@\s/]{8,})@([\w.-]+)`)
	// placeholder is what stands for a password in examples.
	placeholder = regexp.MustCompile(`(?i)pass|secret$|change|example|your|test|[%$<>{}*]`)
	// nowhere are hosts that nobody reaches from elsewhere, and those of examples.
	nowhere = regexp.MustCompile(`(?i)^(localhost|127\.|0\.0\.0\.0|[\w-]+$)|(^|\.)(example(\.\w+)?|test|local|localhost)$|docker`)
	// keyNames are names of keys that signatures are made with.
	keyNames = regexp.MustCompile(`(?i)(jwt|sign(ing|ature)?|session|cookie|hmac|token|auth|csrf)_?(secret|key)$|^secret_?key$`)
	// keyForm is a text that was drawn, and not thought of.
	keyForm = regexp.MustCompile(`^[A-Za-z0-9+/=_.!@#$^&*-]{16,}$`)
)

// mixed reports whether a text has letters and digits, as what was drawn has.
func mixed(text string) bool {
	return strings.ContainsAny(text, "0123456789") && strings.IndexFunc(text, unicode.IsLetter) >= 0
}

// KeyNamed reports whether a name is that of a key that signatures are made with.
func KeyNamed(name string) bool { return keyNames.MatchString(name) }

// KeyFormed reports whether a text looks like a key that was drawn, and not thought of.
func KeyFormed(value string) bool {
	return keyForm.MatchString(value) && len(digit.FindAllString(value, 3)) == 3 && mixed(value) && !placeholder.MatchString(value) && !strings.Contains(value, "EXAMPLE")
}

var digit = regexp.MustCompile(`[0-9]`)
