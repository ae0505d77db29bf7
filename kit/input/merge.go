package input

import "encoding/json"

// MergePatch is MergePatch of RFC 7396, section 2: what patch makes of target, which is empty where there is none. Members
// of objects merge, however deep; null takes one away; all else replaces. Its error is that of Parse, of what comes out.
func MergePatch(target, patch json.RawMessage) (json.RawMessage, error) {
	var old any
	if len(target) > 0 {
		var err error
		if old, err = ParseKept(target); err != nil {
			return nil, err
		}
	}
	change, err := Parse(patch)
	if err != nil {
		return nil, err
	}
	whole := appendTree(nil, mergeTree(old, change))
	if len(whole) <= len(target) { // and so no more than there was
		return whole, nil
	}
	if _, err := Parse(whole); err != nil {
		return nil, err
	}
	return whole, nil
}

// Canonical is a JSON text of a database without spaces and with the names of objects in order; numbers stay as they are written.
func Canonical(text []byte) ([]byte, error) {
	tree, err := ParseKept(text)
	if err != nil {
		return nil, err
	}
	return appendTree(nil, tree), nil
}

// mergeTree may change old.
func mergeTree(old, patch any) any {
	members, ok := patch.(Object)
	if !ok {
		return patch
	}
	whole, ok := old.(Object)
	if !ok {
		whole = Object{}
	}
	for name, member := range members {
		if member == nil {
			delete(whole, name)
			continue
		}
		whole[name] = mergeTree(whole[name], member)
	}
	return whole
}
