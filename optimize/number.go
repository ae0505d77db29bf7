package optimize

import (
	"fmt"
	"strconv"
	"strings"
)

// Count writes a number of things: 1,234,567.
func Count(n float64) string {
	digits := strconv.FormatFloat(n, 'f', 0, 64)
	sign := ""
	if strings.HasPrefix(digits, "-") {
		sign, digits = "-", digits[1:]
	}
	for at := len(digits) - 3; at > 0; at -= 3 {
		digits = digits[:at] + "," + digits[at:]
	}
	return sign + digits
}

// Bytes writes a size: 14.2 MB (of 2^20 bytes).
func Bytes(n float64) string {
	switch {
	case n >= 1<<30:
		return fmt.Sprintf("%.1f GB", n/(1<<30))
	case n >= 1<<20:
		return fmt.Sprintf("%.1f MB", n/(1<<20))
	}
	return fmt.Sprintf("%.0f kB", max(n, 8192)/(1<<10))
}

// Milliseconds writes a time: 0.04 ms, 367 ms, 2.9 s.
func Milliseconds(ms float64) string {
	switch {
	case ms >= 10_000:
		return fmt.Sprintf("%.1f s", ms/1000)
	case ms >= 1000:
		return fmt.Sprintf("%.2f s", ms/1000)
	case ms >= 100:
		return fmt.Sprintf("%.0f ms", ms)
	case ms >= 1:
		return fmt.Sprintf("%.1f ms", ms)
	}
	return fmt.Sprintf("%.2f ms", ms)
}

// ParseBytes reads a size such as "500MB" or "2 GiB"; a number alone is bytes. MB and MiB are both 2^20 bytes, as
// Postgres has it.
func ParseBytes(text string) (float64, error) {
	number := strings.TrimSpace(text)
	unit := strings.TrimLeft(number, "0123456789.")
	value, err := strconv.ParseFloat(strings.TrimSpace(strings.TrimSuffix(number, unit)), 64)
	factor, known := map[string]float64{
		"": 1, "b": 1, "kb": 1 << 10, "kib": 1 << 10, "k": 1 << 10, "mb": 1 << 20, "mib": 1 << 20, "m": 1 << 20,
		"gb": 1 << 30, "gib": 1 << 30, "g": 1 << 30, "tb": 1 << 40, "tib": 1 << 40,
	}[strings.ToLower(strings.TrimSpace(unit))]
	if err != nil || !known || value <= 0 {
		return 0, fmt.Errorf("size %q: write a number above 0 with kB, MB or GB, such as 500MB, or nothing for no limit", text)
	}
	return value * factor, nil
}
