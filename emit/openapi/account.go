package openapi

import (
	"github.com/fettlehq/fettle/model"
)

// account adds the routes by which people sign in.
func (d *document) account() {
	a := d.model.Account
	if a == nil {
		return
	}
	d.tag("accounts", "Registering and signing in.")
	login := *a.Login
	login.Default, login.Null = nil, false
	shortest, longest := 8, 200
	password := &model.Field{Name: "password", Kind: model.String, MinLength: &shortest, MaxLength: &longest}
	fields := append([]*model.Field{&login, password}, a.Fields...)
	required := func(f *model.Field) bool { return !f.Null && f.Default == nil }
	sent := ref("schemas", "Sent")
	registered := object{{"202", ok("A message with a link to prove the address is on its way, whoever has it.", sent)}}
	problems := []string{"422", "429"}
	if a.Verify != model.BeforeSignIn {
		account := d.objectOf("", append([]*model.Field{{Name: "id", Kind: model.ID}, &login}, shown(a.Fields)...), false, required, false)
		registered = object{{"201", ok("Registered.", account)}}
	}
	d.auth("register", "authRegister", "Register", d.objectOf("", fields, true, required, false), registered, problems...)
	d.schemas.put("Sent", object{
		{"type", "object"}, {"properties", object{{"status", object{{"type", "string"}, {"examples", []string{"verification-sent"}}}}}}, {"required", []string{"status"}},
	})
	if a.Verify != model.Never {
		d.linked("verify", "authVerify", "Prove an address, with the token of the link", texts("token"), ok("Proven.", sent))
		d.auth("resend", "authResend", "Send the link again", d.objectOf("", []*model.Field{&login}, true, required, false),
			object{{"202", ok("On its way, if the address waits for its proof.", sent)}}, "422", "429")
	}
	d.auth("forgot", "authForgot", "Send a link to set a new password", d.objectOf("", []*model.Field{&login}, true, required, false),
		object{{"202", ok("On its way, if the address has an account.", sent)}}, "422", "429")
	d.linked("reset", "authReset", "Set a new password, with the token of the link; all sessions end",
		d.objectOf("", []*model.Field{{Name: "token", Kind: model.String}, password}, true, required, false), ok("Set.", sent))
	d.schemas.put("Tokens", object{
		{"type", "object"},
		{"properties", object{
			{"accessToken", object{{"type", "string"}, {"description", "For the header Authorization: Bearer."}}},
			{"refreshToken", object{{"type", "string"}, {"description", "For /auth/refresh, once."}}},
			{"expiresIn", object{{"type", "integer"}, {"description", "Seconds until the access token ends."}, {"examples", []int{900}}}},
			{"tokenType", object{{"type", "string"}, {"const", "Bearer"}}},
		}},
		{"required", []string{"accessToken", "refreshToken", "expiresIn", "tokenType"}},
	})
	tokens := object{{"200", ok("Signed in.", ref("schemas", "Tokens"))}}
	d.auth("sign-in", "authSignIn", "Sign in", texts(login.Name, "password"), tokens, "401", "403", "422", "429")
	d.auth("refresh", "authRefresh", "Exchange a refresh token for new tokens", texts("refreshToken"), tokens, "401", "422", "429")
	out := d.auth("sign-out", "authSignOut", "End a session: that of the refresh token or, without a body, that of the access token",
		texts("refreshToken"), object{{"204", object{{"description", "Signed out."}}}}, "401", "422")
	out.set("requestBody", object{{"content", content("application/json", texts("refreshToken"))}})
	out.set("security", []object{{{"bearer", []string{}}}, {}})
}

// linked adds the page to which the link in a mail leads, and what its button or a program posts.
func (d *document) linked(path, id, summary string, input, good object) {
	page := member{"text/html", object{{"schema", object{{"type", "string"}}}}}
	good.set("content", append(good.get("content").(object), page))
	refused := func(description string) object {
		return object{{"description", description}, {"content", append(content("application/problem+json", ref("schemas", "Problem")), page)}}
	}
	responses := object{{"200", good}, {"400", refused("The link is not valid, was used, or has expired.")}, {"422", refused("The input is invalid.")}}
	o := d.auth(path, id, summary, input, responses, "429")
	o.set("requestBody", object{{"required", true}, {"content", append(content("application/json", input), content("application/x-www-form-urlencoded", input)...)}})
	d.route("/auth/"+path, "get", object{
		{"operationId", id + "Page"},
		{"summary", "The page to which the link leads"},
		{"description", "It does nothing by itself, since programs that scan mail for viruses follow links too: its button posts the token."},
		{"tags", []string{"accounts"}},
		{"parameters", []object{query("token", "That of the link.", object{{"type", "string"}})}},
		{"responses", answers(object{{"200", object{{"description", "The page."}, {"content", object{page}}}}}, "400")},
		{"security", []object{}},
	})
}

// texts is an object whose members are texts.
func texts(names ...string) object {
	var properties object
	for _, name := range names {
		properties.put(name, object{{"type", "string"}})
	}
	return object{{"type", "object"}, {"properties", properties}, {"required", names}, {"additionalProperties", false}}
}

// shown are the fields that registration gives back, none of which need have been sent.
func shown(fields []*model.Field) []*model.Field {
	var out []*model.Field
	for _, f := range fields {
		if !f.WriteOnly {
			out = append(out, f)
		}
	}
	return out
}

func (d *document) auth(path, id, summary string, input, good object, problems ...string) object {
	o := object{
		{"operationId", id},
		{"summary", summary},
		{"description", "Attempts are counted: too many are refused with 429."},
		{"tags", []string{"accounts"}},
		{"requestBody", body("application/json", input)},
		{"responses", answers(append(object{}, good...), problems...)},
		{"security", []object{}},
	}
	d.route("/auth/"+path, "post", o)
	return o
}
