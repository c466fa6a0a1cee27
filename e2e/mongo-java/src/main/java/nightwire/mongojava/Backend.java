package nightwire.mongojava;

import de.bwaldvogel.mongo.backend.Cursor;
import de.bwaldvogel.mongo.backend.h2.H2Backend;
import de.bwaldvogel.mongo.bson.Document;
import de.bwaldvogel.mongo.exception.CursorNotFoundException;
import de.bwaldvogel.mongo.exception.MongoServerError;
import de.bwaldvogel.mongo.exception.MongoServerException;
import de.bwaldvogel.mongo.oplog.Oplog;
import io.netty.channel.Channel;
import java.util.List;
import java.util.Locale;
import java.util.Set;

/**
 * The server's commands, one after another: what a command wrote is in the file, and its events are in the journal, before
 * it is answered and before the next one begins. What the server would silently do wrong is refused instead.
 */
final class Backend extends H2Backend {
    private static final Set<String> READS = Set.of("find", "getmore", "aggregate", "count", "distinct", "listcollections", "listindexes", "hello", "ismaster", "buildinfo", "ping");
    private static final int WIRE_VERSION = 13; // of MongoDB 5.0
    private static final long AWAIT_MILLIS = 1000;

    private final boolean collectionsOnly;
    private Journal journal;

    Backend(String file, boolean collectionsOnly) {
        super(file);
        this.collectionsOnly = collectionsOnly;
    }

    @Override
    protected Oplog createOplog() {
        journal = new Journal(this, getCursorRegistry());
        commit();
        return journal;
    }

    @Override
    public synchronized Document handleCommand(Channel channel, String database, String command, Document query) {
        String name = command.toLowerCase(Locale.ROOT);
        refuse(name, query);
        Stream stream = name.equals("getmore") ? watched(((Number) query.get(command)).longValue()) : null;
        if (stream != null) {
            await(stream, query);
        }
        if (name.equals("aggregate") && query.get(command) instanceof Number) {
            query.put(command, Journal.WHOLE_DATABASE);
        }
        if (name.equals("hello")) {
            command = "ismaster";
        }
        Document answer = perform(channel, database, command, query);
        if (name.equals("insert")) {
            journal.withdraw(query, answer);
        }
        if (journal.write()) {
            notifyAll();
        }
        if (!READS.contains(name)) {
            commit();
        }
        return complete(answer.cloneDeeply()); // the next command may change in place what this one found
    }

    private Document perform(Channel channel, String database, String command, Document query) {
        try {
            return super.handleCommand(channel, database, command, query);
        } catch (MongoServerException e) {
            journal.forget();
            throw e;
        } catch (RuntimeException e) {
            e.printStackTrace(); // a fault of this server: it is answered, but the log would not show it
            journal.forget();
            throw e;
        }
    }

    private void refuse(String name, Document query) {
        if (name.equals("findandmodify")) {
            throw new MongoServerError(59, "CommandNotFound", "findAndModify would make no event here");
        }
        if (name.equals("aggregate") && collectionsOnly && query.get("aggregate") instanceof Number) {
            throw new MongoServerError(115, "CommandNotSupported", "only single collections can be watched");
        }
        if (name.equals("createindexes")) {
            for (Object index : (List<?>) query.get("indexes")) {
                if (((Document) index).containsKey("partialFilterExpression")) {
                    throw new MongoServerError(67, "CannotCreateIndex", "there are no partial indexes here");
                }
            }
        }
        if (query.containsKey("startTransaction")) {
            throw new MongoServerError(20, "IllegalOperation", "there are no transactions here");
        }
    }

    /** The change stream of a cursor; null when it is a cursor of something else, or unknown. */
    private Stream watched(long id) {
        try {
            Cursor cursor = getCursorRegistry().getCursor(id);
            return cursor instanceof Stream stream ? stream : null;
        } catch (CursorNotFoundException e) {
            return null; // the server says so
        }
    }

    private void await(Stream stream, Document query) {
        long millis = query.get("maxTimeMS") instanceof Number n ? n.longValue() : AWAIT_MILLIS;
        long deadline = System.nanoTime() + millis * 1_000_000;
        for (long left = millis; left > 0 && !stream.hasMore(); left = (deadline - System.nanoTime()) / 1_000_000) {
            try {
                wait(left);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                return;
            }
        }
    }

    /**
     * Adds what the server leaves out: the token with which a watcher resumes after this batch, be it empty or not, and
     * the protocol's version in a greeting.
     */
    private Document complete(Document answer) {
        if (answer.containsKey("maxWireVersion")) {
            answer.append("maxWireVersion", WIRE_VERSION).append("isWritablePrimary", true);
        }
        if (answer.get("cursor") instanceof Document cursor) {
            Stream stream = watched(((Number) cursor.get("id")).longValue());
            if (stream != null) {
                cursor.put("postBatchResumeToken", stream.token());
            }
        }
        return answer;
    }
}
