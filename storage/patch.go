package storage

import "context"

// Patch sets fields of a document and leaves the others (spec nightscout-v3 §3, PATCH). Dotted names reach into objects
// and arrays. Errors, in the order in which they are looked for: ErrNotFound (collection), ErrInvalid (no fields),
// *security.Forbidden, ErrNotFound, ErrGone, ErrPrecondition, ErrReadOnly, ErrInvalid, ErrTooLarge; ErrConflict,
// ErrUnavailable.
func (d *Documents) Patch(ctx context.Context, r Request, collection, identifier string, patch Document) (Result, error) {
	c, err := d.Collection(collection)
	if err != nil {
		return Result{}, err
	}
	if isEmpty(patch) {
		return Result{}, errNoBody()
	}
	if err := d.check(ctx, r, c, "update"); err != nil {
		return Result{}, err
	}
	return d.apply(ctx, r, d.patching(r, c, patch).write(identifier))
}

// patching prepares a client's patch.
func (d *Documents) patching(r Request, c Collection, patch Document) *patching {
	doc := patch.Edit()
	withoutID(doc)
	return &patching{
		collection: c, doc: doc.Document(), sent: names(doc), unmodifiedSince: r.UnmodifiedSince,
		by: r.Who.Name(), maxSize: d.options.MaxSize,
	}
}

// patching is a patch on its way to documents.
type patching struct {
	collection      Collection
	doc             Document // the patch
	sent            []string
	unmodifiedSince int64
	by              string
	maxSize         int
}

// write is the patch of one document.
func (p *patching) write(identifier string) Write {
	return Write{
		Collection: p.collection.Name,
		Key:        Key{Identifier: identifier, ID: identifier, ForeignID: true},
		Named:      identifier,
		Decide:     p.patch,
	}
}

func (p *patching) patch(stored *Stored, now int64) (Next, error) {
	if stored == nil {
		return Next{}, ErrNotFound
	}
	old := p.collection.Shown(stored.Document)
	if isDeleted(old) {
		return Next{}, ErrGone
	}
	if err := checkUnmodified(old, p.unmodifiedSince); err != nil {
		return Next{}, err
	}
	if err := checkReadOnly(old); err != nil {
		return Next{}, err
	}
	patch := p.doc.Edit()
	if err := p.collection.checkImmutable(patch, old, false); err != nil {
		return Next{}, err
	}
	if err := p.collection.validatePatch(patch); err != nil {
		return Next{}, err
	}
	if !p.collection.Free() {
		normalizeDuration(patch, old)
	}
	stampModified(patch, p.by, now)
	p.collection.putNumber(patch, old.Identifier())
	doc, err := setFields(stored.own(old), patch.Fields())
	if err == nil {
		err = p.collection.checkReach(patch)
	}
	if err != nil {
		return Next{}, err
	}
	return Next{Kind: Update, Document: doc, Sent: p.sent}, checkSize(doc, p.maxSize)
}

// own is the stored document as it is to be kept: a borrowed identifier does not become its own by a patch or deletion.
func (s *Stored) own(doc Document) Document {
	if !s.Foreign {
		return doc
	}
	d := doc.Edit()
	d.Delete("identifier")
	return d.Document()
}

// stampModified gives a patch the fields that tell when and by whom it was made.
func stampModified(patch *Draft, by string, now int64) {
	patch.Set("srvModified", IntValue(now))
	if by != "" {
		patch.Set("modifiedBy", StringValue(by))
	}
}
