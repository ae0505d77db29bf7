package build

func (b *builder) keepSignedOutOut() {}
func (b *builder) keepFromGrowing()  {}
func (b *builder) cycles()           {}
