package nightwire.mongojava;

import de.bwaldvogel.mongo.bson.Document;
import de.bwaldvogel.mongo.exception.MongoServerError;

/** A resume token: a place in the journal, as a document with 16 hex digits. */
final class Token {
    private Token() {}

    static Document of(long place) {
        return new Document("_data", String.format("%016X", place));
    }

    static long place(Document token) {
        try {
            return Long.parseUnsignedLong((String) token.get("_data"), 16);
        } catch (ClassCastException | NumberFormatException e) {
            throw new MongoServerError(260, "InvalidResumeToken", "the resume token is none of this server's");
        }
    }
}
