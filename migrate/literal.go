package migrate

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"math/big"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/fettlehq/fettle/schema"
)

// This file reads defaults, which have the text form that their type has in a design. Every function gives the text
// that follows DEFAULT, or an error that says what the text should have been.

func (d sqliteDialect) defaultText(c *schema.Column) (string, error) {
	if c.Default == nil {
		return "", nil
	}
	if c.List {
		items, err := defaultItems(c, d.defaultText, jsonText)
		return quoteText("[" + strings.Join(items, ",") + "]"), err
	}
	text := c.Default.Text
	switch c.Type {
	case schema.Boolean:
		value, err := readBoolean(text)
		return map[bool]string{false: "0", true: "1"}[value], err
	case schema.Decimal:
		return scaled(text, c.Scale)
	case schema.DateTime:
		at, err := time.Parse(time.RFC3339Nano, text)
		return strconv.FormatInt(at.UnixMicro(), 10), err
	case schema.Time:
		at, err := readTime(text)
		return quoteText(at.Format("15:04:05.000000")), err
	case schema.Bytes:
		value, err := base64.StdEncoding.DecodeString(text)
		return fmt.Sprintf("X'%X'", value), err
	}
	return sameDefault(c)
}

func (d postgresDialect) defaultText(c *schema.Column) (string, error) {
	if c.Default == nil {
		return "", nil
	}
	if c.List {
		items, err := defaultItems(c, d.defaultText, arrayText)
		return quoteText("{" + strings.Join(items, ",") + "}"), err
	}
	text := c.Default.Text
	switch c.Type {
	case schema.Boolean:
		value, err := readBoolean(text)
		return strconv.FormatBool(value), err
	case schema.Decimal:
		_, err := scaled(text, c.Scale)
		return text, err
	case schema.DateTime:
		_, err := time.Parse(time.RFC3339Nano, text)
		return quoteText(text), err
	case schema.Time:
		at, err := readTime(text)
		return quoteText(at.Format("15:04:05.999999")), err
	case schema.Bytes:
		value, err := base64.StdEncoding.DecodeString(text)
		return fmt.Sprintf(`'\x%x'`, value), err
	}
	return sameDefault(c)
}

// defaultItems is the elements of a list, of which one gives the literal of each: numbers and truth as they are, texts as
// quote has them.
func defaultItems(c *schema.Column, one func(*schema.Column) (string, error), quote func(string) string) ([]string, error) {
	var texts []string
	if err := json.Unmarshal([]byte(c.Default.Text), &texts); err != nil {
		return nil, fmt.Errorf("is no list of texts: %w", err)
	}
	items := make([]string, len(texts))
	for i, text := range texts {
		item := elementOf(c)
		item.Default = &schema.Value{Text: text}
		literal, err := one(item)
		switch {
		case err != nil:
			return nil, err
		case c.Type == schema.Boolean:
			items[i] = text
		case strings.HasPrefix(literal, "'"):
			items[i] = quote(strings.ReplaceAll(literal[1:len(literal)-1], "''", "'"))
		default:
			items[i] = literal
		}
	}
	return items, nil
}

// jsonText is a string in a JSON array.
func jsonText(text string) string {
	quoted, err := json.Marshal(text)
	if err != nil {
		panic(fmt.Sprintf("text %q does not marshal: %v", text, err))
	}
	return string(quoted)
}

// arrayText is a string in an array of Postgres.
func arrayText(text string) string {
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(text) + `"`
}

// elementOf is a column of what a column of lists holds.
func elementOf(c *schema.Column) *schema.Column {
	one := *c
	one.List, one.Default = false, nil
	return &one
}

// sameDefault is for the types whose literals both databases write alike.
func sameDefault(c *schema.Column) (string, error) {
	text := c.Default.Text
	switch c.Type {
	case schema.Text:
		return quoteText(text), nil
	case schema.Integer:
		value, err := strconv.ParseInt(text, 10, 32)
		return strconv.FormatInt(value, 10), err
	case schema.BigInt:
		value, err := strconv.ParseInt(text, 10, 64)
		return strconv.FormatInt(value, 10), err
	case schema.Double:
		_, err := strconv.ParseFloat(text, 64)
		if err == nil && !number.MatchString(text) {
			err = fmt.Errorf("is not a number")
		}
		return text, err
	case schema.Date:
		_, err := time.Parse(time.DateOnly, text)
		return quoteText(text), err
	case schema.Duration:
		span, err := time.ParseDuration(text)
		return strconv.FormatInt(span.Microseconds(), 10), err
	case schema.UUID:
		if !uuid.MatchString(text) {
			return "", fmt.Errorf("is not a UUID")
		}
		return quoteText(strings.ToLower(text)), nil
	case schema.JSON:
		if !json.Valid([]byte(text)) {
			return "", fmt.Errorf("is not JSON")
		}
		return quoteText(text), nil
	}
	panic(fmt.Sprintf("column %s: type %q", c.Name, c.Type))
}

var (
	number = regexp.MustCompile(`^[-+]?[0-9]+(\.[0-9]+)?([eE][-+]?[0-9]+)?$`)
	uuid   = regexp.MustCompile(`^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$`)
)

func readBoolean(text string) (bool, error) {
	switch text {
	case "true":
		return true, nil
	case "false":
		return false, nil
	}
	return false, fmt.Errorf("is neither true nor false")
}

func readTime(text string) (time.Time, error) {
	if at, err := time.Parse("15:04", text); err == nil {
		return at, nil
	}
	return time.Parse("15:04:05.999999999", text)
}

// scaled is a decimal times 10^scale: "1.5" at scale 4 is 15000.
func scaled(text string, scale int) (string, error) {
	if !number.MatchString(text) {
		return "", fmt.Errorf("is not a number")
	}
	value, ok := new(big.Rat).SetString(text)
	if !ok {
		return "", fmt.Errorf("is not a number")
	}
	value.Mul(value, new(big.Rat).SetInt64(powerOfTen(scale)))
	if !value.IsInt() {
		return "", fmt.Errorf("has more than %d fractional digits", scale)
	}
	if !value.Num().IsInt64() {
		return "", fmt.Errorf("is too large for scale %d", scale)
	}
	return value.Num().String(), nil
}

// quoteText is a string literal of both databases. A backslash stands for itself in each.
func quoteText(text string) string { return "'" + strings.ReplaceAll(text, "'", "''") + "'" }
