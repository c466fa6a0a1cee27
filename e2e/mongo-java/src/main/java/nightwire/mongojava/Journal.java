package nightwire.mongojava;

import de.bwaldvogel.mongo.MongoCollection;
import de.bwaldvogel.mongo.backend.Cursor;
import de.bwaldvogel.mongo.backend.CursorRegistry;
import de.bwaldvogel.mongo.backend.aggregation.Aggregation;
import de.bwaldvogel.mongo.bson.BsonTimestamp;
import de.bwaldvogel.mongo.bson.Document;
import de.bwaldvogel.mongo.exception.MongoServerError;
import de.bwaldvogel.mongo.oplog.Oplog;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.h2.mvstore.MVMap;

/**
 * The events of all databases in one order, kept in the server's file. They have the shape that MongoDB's manual gives
 * them in version 5.0: the server's own oplog has neither the namespace nor the document of a replacement, cannot watch a
 * database, and a reader of it can miss events.
 *
 * <p>Its callers hold the backend's lock.
 */
final class Journal implements Oplog {
    /** What a watch of a whole database names as its collection. */
    static final String WHOLE_DATABASE = "$cmd.aggregate";

    private final Backend backend;
    private final CursorRegistry cursors;
    private final MVMap<Long, Document> events; // by clusterTime; the first entry marks the journal's beginning
    private final List<Document> pending = new ArrayList<>(); // of the command under way

    Journal(Backend backend, CursorRegistry cursors) {
        this.backend = backend;
        this.cursors = cursors;
        events = backend.getMvStore().openMap("nightwire.journal");
        if (events.isEmpty()) {
            events.put(next(0), new Document("ns", new Document("db", "").append("coll", "")));
        }
    }

    private long next(long last) {
        return Math.max(last + 1, backend.getClock().instant().getEpochSecond() << 32 | 1);
    }

    @Override
    public void handleInsert(String namespace, List<Document> documents) {
        for (Document document : documents) {
            add("insert", namespace, document.get("_id")).append("fullDocument", document.cloneDeeply());
        }
    }

    @Override
    public void handleUpdate(String namespace, Document selector, Document update, List<Object> ids) {
        boolean whole = update.keySet().stream().noneMatch(key -> key.startsWith("$"));
        for (Object id : ids) {
            Document now = current(namespace, id);
            if (whole) {
                add("replace", namespace, id).append("fullDocument", now);
            } else {
                add("update", namespace, id).append("updateDescription", Description.of(update, now));
            }
        }
    }

    @Override
    public void handleDelete(String namespace, Document selector, List<Object> ids) {
        for (Object id : ids) {
            add("delete", namespace, id);
        }
    }

    @Override
    public void handleDropCollection(String namespace) {
        add("drop", namespace, null);
        add("invalidate", namespace, null);
    }

    private Document add(String operation, String namespace, Object id) {
        int dot = namespace.indexOf('.');
        Document event = new Document("operationType", operation)
            .append("ns", new Document("db", namespace.substring(0, dot)).append("coll", namespace.substring(dot + 1)));
        if (id != null) {
            event.append("documentKey", new Document("_id", id));
        }
        pending.add(event);
        return event;
    }

    /** Takes back the events of documents that an insert refused: the server reports them nevertheless. */
    void withdraw(Document insert, Document answer) {
        if (!(answer.get("writeErrors") instanceof List<?> errors) || errors.isEmpty()) {
            return;
        }
        Set<Integer> refused = new HashSet<>();
        errors.forEach(error -> refused.add(((Number) ((Document) error).get("index")).intValue()));
        boolean ordered = !Boolean.FALSE.equals(insert.get("ordered"));
        int first = refused.stream().min(Integer::compare).get();
        for (int i = pending.size() - 1; i >= 0; i--) {
            if (refused.contains(i) || ordered && i > first) {
                pending.remove(i);
            }
        }
    }

    void forget() {
        pending.clear();
    }

    /** Writes the events of a command; false when there are none. */
    boolean write() {
        for (Document event : pending) {
            long place = next(events.lastKey());
            Document complete = new Document("_id", Token.of(place));
            complete.putAll(event);
            events.put(place, complete.append("clusterTime", new BsonTimestamp(place)));
        }
        boolean any = !pending.isEmpty();
        pending.clear();
        return any;
    }

    @Override
    public Cursor createCursor(Document options, String namespace, Aggregation pipeline) {
        for (String option : options.keySet()) {
            if (!Set.of("fullDocument", "resumeAfter", "startAfter", "startAtOperationTime").contains(option)) {
                throw new MongoServerError(40415, "BSON field '$changeStream." + option + "' is an unknown field.");
            }
        }
        Object full = options.getOrDefault("fullDocument", "default");
        if (!Set.of("default", "updateLookup").contains(full)) {
            throw new MongoServerError(2, "BadValue", "fullDocument must be default or updateLookup");
        }
        Stream stream = new Stream(cursors.generateCursorId(), this, namespace, start(options), full.equals("updateLookup"), pipeline);
        cursors.add(stream);
        return stream;
    }

    private long start(Document options) {
        if (options.get("resumeAfter") instanceof Document token) {
            return resume(Token.place(token), false);
        }
        if (options.get("startAfter") instanceof Document token) {
            return resume(Token.place(token), true);
        }
        if (options.get("startAtOperationTime") instanceof BsonTimestamp time) {
            return reach(time.getValue() - 1);
        }
        return events.lastKey();
    }

    private long resume(long place, boolean afterInvalidate) {
        Document event = events.get(reach(place));
        if (event == null) {
            throw new MongoServerError(280, "ChangeStreamFatalError", "cannot resume stream; the resume token was not found");
        }
        if (!afterInvalidate && "invalidate".equals(event.get("operationType"))) {
            throw new MongoServerError(260, "InvalidResumeToken", "resumeAfter cannot be used after an invalidate event");
        }
        return place;
    }

    private long reach(long place) {
        if (place < events.firstKey()) {
            throw new MongoServerError(286, "ChangeStreamHistoryLost", "the resume point is no longer in the oplog");
        }
        return place;
    }

    /** The place of the first event after the given one that belongs to the namespace; null when there is none yet. */
    Long after(long place, String namespace) {
        for (Long next = events.higherKey(place); next != null; next = events.higherKey(next)) {
            if (belongs(events.get(next), namespace)) {
                return next;
            }
        }
        return null;
    }

    private static boolean belongs(Document event, String namespace) {
        Document ns = (Document) event.get("ns");
        String database = ns.get("db") + ".";
        if (namespace.equals(database + WHOLE_DATABASE)) {
            return !"invalidate".equals(event.get("operationType"));
        }
        return namespace.equals(database + ns.get("coll"));
    }

    long last() {
        return events.lastKey();
    }

    /** The event at a place as a watcher sees it. */
    Document event(long place, boolean lookUp) {
        Document event = events.get(place).cloneDeeply();
        if (lookUp && "update".equals(event.get("operationType"))) {
            Document ns = (Document) event.get("ns"), key = (Document) event.get("documentKey");
            event.put("fullDocument", current(ns.get("db") + "." + ns.get("coll"), key.get("_id")));
        }
        return event;
    }

    private Document current(String namespace, Object id) {
        int dot = namespace.indexOf('.');
        MongoCollection<?> collection = backend.resolveDatabase(namespace.substring(0, dot)).resolveCollection(namespace.substring(dot + 1), false);
        if (collection != null) {
            for (Document found : collection.handleQuery(new Document("_id", id))) {
                return found.cloneDeeply();
            }
        }
        return null;
    }
}
