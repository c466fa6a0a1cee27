package nightwire.mongojava;

import de.bwaldvogel.mongo.backend.Missing;
import de.bwaldvogel.mongo.backend.Utils;
import de.bwaldvogel.mongo.bson.Document;
import java.util.ArrayList;
import java.util.List;

/** The updateDescription of an event: what an update by operators changed. */
final class Description {
    private Description() {}

    static Document of(Document update, Document now) {
        Document updated = new Document();
        List<String> removed = new ArrayList<>();
        for (Object paths : update.values()) {
            for (String path : ((Document) paths).keySet()) {
                Object value = Utils.getSubdocumentValue(now, path);
                if (value instanceof Missing) {
                    removed.add(path);
                } else {
                    updated.put(path, value);
                }
            }
        }
        return new Document("updatedFields", updated).append("removedFields", removed).append("truncatedArrays", List.of());
    }
}
