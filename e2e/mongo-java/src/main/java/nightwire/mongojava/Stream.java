package nightwire.mongojava;

import de.bwaldvogel.mongo.backend.AbstractCursor;
import de.bwaldvogel.mongo.backend.aggregation.Aggregation;
import de.bwaldvogel.mongo.bson.Document;
import java.util.ArrayList;
import java.util.List;

/** An open change stream on a collection or a database. */
final class Stream extends AbstractCursor {
    private final Journal journal;
    private final String namespace;
    private final boolean lookUp;
    private final Aggregation pipeline;
    private long place; // everything up to here was given
    private boolean invalid; // the collection was dropped, and that was told

    Stream(long id, Journal journal, String namespace, long place, boolean lookUp, Aggregation pipeline) {
        super(id);
        this.journal = journal;
        this.namespace = namespace;
        this.place = place;
        this.lookUp = lookUp;
        this.pipeline = pipeline;
    }

    boolean hasMore() {
        return journal.after(place, namespace) != null;
    }

    Document token() {
        return Token.of(place);
    }

    @Override
    public boolean isEmpty() {
        return invalid;
    }

    @Override
    public List<Document> takeDocuments(int count) {
        List<Document> batch = new ArrayList<>();
        Long next = invalid ? null : journal.after(place, namespace);
        while (next != null && !invalid && (count <= 0 || batch.size() < count)) {
            Document event = journal.event(next, lookUp);
            invalid = "invalidate".equals(event.get("operationType"));
            batch.add(event);
            place = next;
            next = journal.after(place, namespace);
        }
        if (next == null && !invalid) {
            place = journal.last();
        }
        return pipeline.runStagesAsStream(batch.stream()).toList();
    }
}
