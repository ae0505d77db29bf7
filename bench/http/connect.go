package main

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"os"

	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protodesc"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/descriptorpb"
	"google.golang.org/protobuf/types/dynamicpb"
)

// fettleConnectContender asks at the gRPC door, by Connect's unary protocol over HTTP/1.1, which the generator speaks: what
// gRPC adds to it are a prefix of five bytes and the trailers.
func fettleConnectContender(favorites bool) contender {
	cursors := map[place]string{}
	contract := &contract{}
	c := fettle()
	c.name = "fettle-connect"
	c.what = "the same by Connect, in Protobuf"
	c.ready = func(base string, d dataSet) error { return findCursors(base, d, cursors) }
	c.request = func(w workload, q question) *request { return fettleConnectRequest(contract, w, q, favorites, cursors) }
	c.read = func(w workload, body []byte) (answer, error) { return readFettleConnect(contract, w, body, favorites) }
	return c
}

// contract is the gRPC door's, as the example has it.
type contract struct {
	service protoreflect.ServiceDescriptor
}

// method finds a method of conduit.
func (c *contract) method(name string) protoreflect.MethodDescriptor {
	if c.service == nil {
		text, err := os.ReadFile("examples/conduit/api/descriptors.binpb")
		if err != nil {
			panic(err) // the bench runs in the folder of the repository
		}
		set := &descriptorpb.FileDescriptorSet{}
		if err := proto.Unmarshal(text, set); err != nil {
			panic(err)
		}
		files, err := protodesc.NewFiles(set)
		if err != nil {
			panic(err)
		}
		found, err := files.FindDescriptorByName("conduit.v1.ConduitService")
		if err != nil {
			panic(err)
		}
		c.service = found.(protoreflect.ServiceDescriptor)
	}
	return c.service.Methods().ByName(protoreflect.Name(name))
}

// The methods by workload. A page of comments inside an article has its default size, so W3c is not asked.
var connectMethods = map[workload]string{oneArticle: "GetArticle", newest: "ListArticles", deep: "ListArticles", createComment: "CreateComment"}

func fettleConnectRequest(c *contract, w workload, q question, favorites bool, cursors map[place]string) *request {
	const author = ",author.username,author.bio,author.image"
	shown := "slug,title,description,createdAt,updatedAt,tags.name" + author
	if favorites {
		shown += ",favoritesCount"
	}
	message := map[workload]map[string]any{
		oneArticle:    {"id": q.slug, "readMask": "body," + shown},
		newest:        {"pageSize": 20, "readMask": shown},
		deep:          {"pageSize": 20, "readMask": shown, "pageToken": cursors[q.after]},
		createComment: {"input": map[string]any{"article": q.article, "body": q.body}, "readMask": "id,body,createdAt" + author},
	}[w]
	if message == nil {
		return nil
	}
	m := dynamicpb.NewMessage(c.method(connectMethods[w]).Input())
	if err := protojson.Unmarshal([]byte(jsonText(message)), m); err != nil {
		panic(err) // what the bench asks has a form
	}
	body, err := proto.Marshal(m)
	if err != nil {
		panic(err)
	}
	header := maps.Clone(signedIn(q.author))
	header["Content-Type"] = "application/proto"
	return &request{Method: http.MethodPost, Path: "/conduit.v1.ConduitService/" + connectMethods[w], Header: header, Body: string(body)}
}

func readFettleConnect(c *contract, w workload, body []byte, favorites bool) (said answer, err error) {
	m := dynamicpb.NewMessage(c.method(connectMethods[w]).Output())
	if err := proto.Unmarshal(body, m); err != nil {
		return said, err
	}
	text, err := protojson.MarshalOptions{EmitDefaultValues: true}.Marshal(m)
	if err != nil {
		return said, err
	}
	var all struct {
		Article  *connectArticle
		Articles []connectArticle
		Comment  *comment
	}
	if err := json.Unmarshal(text, &all); err != nil {
		return said, fmt.Errorf("%w: %s", err, text)
	}
	if all.Article != nil {
		all.Articles = append(all.Articles, *all.Article)
	}
	for _, a := range all.Articles {
		said.Articles = append(said.Articles, a.plain(favorites))
	}
	said.Comment = all.Comment
	return said, nil
}

// connectArticle is an article as Protobuf's JSON has it. Comments are not asked for.
type connectArticle struct {
	article
	Tags     []struct{ Name string } `json:"tags"`
	Comments struct{}                `json:"comments"`
}

func (a connectArticle) plain(favorites bool) article {
	plain := a.article
	plain.Comments, plain.Tags = nil, []string{}
	for _, tag := range a.Tags {
		plain.Tags = append(plain.Tags, tag.Name)
	}
	if !favorites {
		plain.FavoritesCount = nil
	}
	return plain
}
