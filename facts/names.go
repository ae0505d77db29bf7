package facts

import (
	"regexp"
	"strings"
	"unicode"
)

// What a value is shows in its name, in every language, where nothing else does.

var (
	secret     = regexp.MustCompile(`(?i)^(password|passwd|pwd|plainpassword|secret|clientsecret|token|(access|refresh|session|bearer|oauth2?|id|jwt|csrf|xsrf)token|apikey|api_key|privatekey|authorization|dsn|connstring|connstr|connectionstring|databaseurl|database_url|dburl)$`)
	personal   = regexp.MustCompile(`(?i)^(email|emailaddress|useremail|phone|phonenumber|mobile|ssn|birthdate|dateofbirth|creditcard|cardnumber|iban|passport|homeaddress)$`)
	privileged = regexp.MustCompile(`^(is)?(super)?(admin|staff|superuser|moderator|verified|approved)$|^(role|roles|roleid|permissions?|(user|owner|account|tenant|org|organi[sz]ation|creator|author)(id|uid)|createdby(id)?|balance|credits?|email(verified|confirmed)|passwordhash)$`)
)

// SecretNamed reports whether a variable or field of a name holds what lets its holder in.
func SecretNamed(name string) bool { return secret.MatchString(name) }

// PersonalNamed reports whether a variable or field of a name says something of a person.
func PersonalNamed(name string) bool { return personal.MatchString(name) }

// PrivilegedNamed reports whether a column of a name is one that no client should set: who owns the row, what its owner may do, what it is worth.
func PrivilegedNamed(name string) bool {
	return privileged.MatchString(strings.ToLower(strings.ReplaceAll(name, "_", "")))
}

// Snake is a name in lower case with underscores.
func Snake(name string) string {
	var out strings.Builder
	runes := []rune(name)
	for i, r := range runes {
		if unicode.IsUpper(r) && i > 0 && (!unicode.IsUpper(runes[i-1]) || i+1 < len(runes) && unicode.IsLower(runes[i+1])) && runes[i-1] != '_' {
			out.WriteByte('_')
		}
		out.WriteRune(unicode.ToLower(r))
	}
	return out.String()
}
