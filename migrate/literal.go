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

func (sqliteDialect) defaultText(c *schema.Column) (string, error) {
	if c.Default == nil {
		return "", nil
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

func (postgresDialect) defaultText(c *schema.Column) (string, error) {
	if c.Default == nil {
		return "", nil
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
