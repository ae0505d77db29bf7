package account

import (
	"bytes"
	"context"
	"html/template"

	"github.com/fettlehq/fettle/kit/mail"
)

// deliver hands a message over, after the commit of what it tells. A failure is logged and not answered: the answer must
// not depend on who has an account, and a new message can be asked for.
func (a *Accounts) deliver(ctx context.Context, m mail.Message) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), sendTimeout)
	defer cancel()
	if err := a.Mail.Send(ctx, m); err != nil {
		a.Log.ErrorContext(ctx, "mail not sent", "subject", m.Subject, "error", err)
	}
}

func (a *Accounts) verificationLetter(to, link string) mail.Message {
	return mail.Message{
		To:      to,
		Subject: "Verify your address for " + a.Service,
		Text: "Somebody, hopefully you, registered at " + a.Service + " with this address.\n\n" +
			"Open this link to verify that it is yours. It works once, for 24 hours:\n\n" + link + "\n\n" +
			"If it was not you, ignore this message: nobody can sign in without the link.\n",
		HTML: a.letter("Somebody, hopefully you, registered at "+a.Service+" with this address.", "Verify my address", link,
			"The link works once, for 24 hours. If it was not you, ignore this message: nobody can sign in without the link."),
		Links: []string{link},
	}
}

func (a *Accounts) resetLetter(to, link string) mail.Message {
	const text, note = "Somebody, hopefully you, has forgotten the password of this address at ", "It works once, for an hour. If it was not you, ignore this message: your password is as it was."
	return mail.Message{
		To:      to,
		Subject: "A new password for " + a.Service,
		Text:    text + a.Service + ".\n\nOpen this link to set a new one. " + note + "\n\n" + link + "\n",
		HTML:    a.letter(text+a.Service+".", "Set a new password", link, note),
		Links:   []string{link},
	}
}

func (a *Accounts) changedLetter(to string) mail.Message {
	const text = "Your password was changed by the link that was sent to this address, and all sessions have ended. If it was not you, somebody reads your mail: set a new password of your mailbox first, and then here."
	return mail.Message{
		To:      to,
		Subject: "Your password at " + a.Service + " was changed",
		Text:    text + "\n\n" + a.PublicURL + "\n",
		HTML:    a.letter(text, a.Service, a.PublicURL, ""),
		Links:   []string{a.PublicURL},
	}
}

func (a *Accounts) knownLetter(to string) mail.Message {
	const text = "Somebody tried to register with this address, but it has an account already. If it was you, sign in with your password. If it was not, there is nothing to do: your account is as it was."
	return mail.Message{
		To:      to,
		Subject: "You have an account at " + a.Service,
		Text:    text + "\n\n" + a.PublicURL + "\n",
		HTML:    a.letter(text, a.Service, a.PublicURL, ""),
		Links:   []string{a.PublicURL},
	}
}

var letterTemplate = template.Must(template.New("letter").Parse(`<!doctype html>
<meta charset="utf-8">
<body style="font: 16px/1.5 sans-serif; color: #222; background: #fff">
<p>{{.Text}}</p>
<p><a href="{{.Link}}" style="display: inline-block; padding: 10px 20px; border-radius: 6px; background: #1a56db; color: #fff; text-decoration: none">{{.Action}}</a></p>
{{with .Note}}<p style="color: #666">{{.}}</p>{{end}}
`))

func (a *Accounts) letter(text, action, link, note string) string {
	var html bytes.Buffer
	letterTemplate.Execute(&html, struct{ Text, Action, Link, Note string }{text, action, link, note})
	return html.String()
}
