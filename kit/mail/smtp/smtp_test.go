package smtp_test

import (
	"bufio"
	"context"
	"fmt"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/fettlehq/fettle/kit/mail"
	"github.com/fettlehq/fettle/kit/mail/smtp"
)

// relay is a mail server that takes one message.
func relay(t *testing.T) (address string, message <-chan string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	taken := make(chan string, 1)
	go func() {
		c, err := l.Accept()
		if err != nil {
			return
		}
		defer c.Close()
		fmt.Fprint(c, "220 relay.test ready\r\n")
		var text strings.Builder
		inData := false
		for lines := bufio.NewScanner(c); lines.Scan(); {
			line := lines.Text()
			text.WriteString(line + "\n")
			switch {
			case inData && line == ".":
				inData = false
				fmt.Fprint(c, "250 taken\r\n")
				taken <- text.String()
			case inData:
			case strings.HasPrefix(line, "EHLO"):
				fmt.Fprint(c, "250-relay.test\r\n250 8BITMIME\r\n")
			case line == "DATA":
				inData = true
				fmt.Fprint(c, "354 go on\r\n")
			case line == "QUIT":
				fmt.Fprint(c, "221 bye\r\n")
				return
			default:
				fmt.Fprint(c, "250 ok\r\n")
			}
		}
	}()
	return l.Addr().String(), taken
}

func TestSend(t *testing.T) {
	address, taken := relay(t)
	sender, err := smtp.Open("smtp://"+address+"?tls=off", "Shop <no-reply@shop.test>")
	if err != nil {
		t.Fatal(err)
	}
	if err := sender.Send(t.Context(), mail.Message{To: "ada@example.com", Subject: "Grüße", Text: "plain part", HTML: "<p>HTML part"}); err != nil {
		t.Fatal(err)
	}
	text := <-taken
	for _, want := range []string{"MAIL FROM:<no-reply@shop.test>", "RCPT TO:<ada@example.com>", "From: \"Shop\"", "=?UTF-8?q?Gr=C3=BC=C3=9Fe?=", "plain part", "HTML part", "multipart/alternative"} {
		if !strings.Contains(text, want) {
			t.Errorf("no %s in %s", want, text)
		}
	}
}

func TestWhatCannotBeSent(t *testing.T) {
	for _, c := range []struct{ url, from, want string }{
		{"http://x", "a@b.de", "want smtps or smtp"},
		{"smtp://user:secret@x:%zz", "a@b.de", "not a URL"},
		{"smtp://x", "nobody", "MAIL_FROM"},
	} {
		if _, err := smtp.Open(c.url, c.from); err == nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "secret") {
			t.Errorf("%s: %v", c.url, err)
		}
	}
	address, _ := relay(t)
	strict, err := smtp.Open("smtp://"+address, "a@b.de")
	if err != nil {
		t.Fatal(err)
	}
	if err := strict.Send(t.Context(), mail.Message{To: "ada@example.com", Text: "x"}); err == nil || !strings.Contains(err.Error(), "STARTTLS") {
		t.Errorf("without TLS: %v", err)
	}
	injected := mail.Message{To: "ada@example.com\r\nRCPT TO:<eve@example.com>", Subject: "x", Text: "x"}
	if err := strict.Send(t.Context(), injected); err == nil {
		t.Error("an address of two lines is taken")
	}
}

func TestAServerThatSaysNothing(t *testing.T) {
	l, _ := net.Listen("tcp", "127.0.0.1:0")
	defer l.Close()
	sender, err := smtp.Open("smtp://"+l.Addr().String()+"?tls=off", "a@b.de")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer cancel()
	began := time.Now()
	if err := sender.Send(ctx, mail.Message{To: "ada@example.com", Text: "x"}); err == nil || time.Since(began) > 5*time.Second {
		t.Errorf("%v after %v", err, time.Since(began))
	}
}
