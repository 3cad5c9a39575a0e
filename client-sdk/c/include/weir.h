/**
 * @file weir.h
 * The relay from C, and from every language that can call C.
 *
 * @code{.c}
 * weir_client_options options = {.struct_size = sizeof options, .address = "127.0.0.1:8788"};
 * weir_client* client = NULL;
 * if (weir_client_open(&options, &client, NULL) != WEIR_OK) return 1;
 *
 * weir_document_options reading = {.struct_size = sizeof reading, .on_records = print_records};
 * weir_document* plan = NULL;
 * weir_document_open(client, "acme-notes", "plan", &reading, &plan, NULL);
 * weir_document_publish(plan, 0, "bytes", 5, when_stored, my_data, NULL);
 * ...
 * weir_document_free(plan);
 * weir_client_free(client);
 * @endcode
 *
 * It connects again by itself and sends again what was not stored. What is not yet stored lives in memory only, unless
 * there is a store: wait with weir_document_when_stored() before the program ends. docs/c-sdk.md is a tutorial.
 *
 * **Threads.** Any thread may call anything, callbacks included. Every callback of a client runs on its one thread, one
 * at a time, in order. A callback that takes long holds up the others, and then the relay waits. No exception and no
 * longjmp may leave a callback.
 *
 * **Ownership.** What a function gives out through `out` is yours until you free it; freeing NULL does nothing. A
 * handle that is closed stays valid, and answers WEIR_CANCELLED; one that is freed must not be used any more, by no
 * thread. What a callback is handed, and everything it points to, is weir's, and valid until the callback returns: copy
 * what you keep. What you hand to a function is read before it returns, and not kept; `user` pointers are only handed
 * on.
 *
 * **Errors.** A function that can fail returns a weir_code, and fills its last argument, if there is one, with an error
 * that says what happened and what to do, and is yours to free; with NULL when nothing failed. A call that failed was
 * not taken, and calls nothing back. NULL where something must be given is WEIR_INVALID_ARGUMENT.
 *
 * **Growth.** The structs you give begin with their own size, and 0 is the default of every field: set `struct_size`,
 * zero the rest. A program that was compiled against an older header runs with a newer library; with an older library
 * it gets WEIR_UNIMPLEMENTED if it sets what that does not know. The structs you are given may grow at their end, so
 * never count on their size; an array of them is an array of pointers.
 */
#ifndef WEIR_H
#define WEIR_H

#include <stddef.h>
#include <stdint.h>

#if defined(__GNUC__)
#define WEIR_API __attribute__((visibility("default"))) /**< What the shared library exports. */
#else
#define WEIR_API
#endif

#ifdef __cplusplus
extern "C" {
#endif

/** One connection to a relay, with any number of documents. */
typedef struct weir_client weir_client;
/** One open document. */
typedef struct weir_document weir_document;
/** What went wrong, see weir_error_code() and the functions after it. */
typedef struct weir_error weir_error;
/** Takes the bytes that a callback answers with, see weir_answer_add(). */
typedef struct weir_answer weir_answer;

/** google.rpc.Code, with its numbers. */
typedef enum weir_code {
  WEIR_OK = 0,                  /**< it was done, or taken */
  WEIR_CANCELLED = 1,           /**< the client or document was closed */
  WEIR_UNKNOWN = 2,             /**< no more is known */
  WEIR_INVALID_ARGUMENT = 3,    /**< the call was wrong, and will be wrong again */
  WEIR_NOT_FOUND = 5,           /**< there is none */
  WEIR_ALREADY_EXISTS = 6,      /**< this client has that document open */
  WEIR_PERMISSION_DENIED = 7,   /**< the token does not allow it */
  WEIR_RESOURCE_EXHAUSTED = 8,  /**< a limit, named in the message, was met */
  WEIR_FAILED_PRECONDITION = 9, /**< not as things stand */
  WEIR_ABORTED = 10,            /**< others were first */
  WEIR_OUT_OF_RANGE = 11,       /**< there is nothing there */
  WEIR_UNIMPLEMENTED = 12,      /**< this library or relay does not know it */
  WEIR_INTERNAL = 13,           /**< a defect */
  WEIR_UNAVAILABLE = 14,        /**< not now */
  WEIR_DATA_LOSS = 15,          /**< something is damaged */
  WEIR_UNAUTHENTICATED = 16     /**< the token is not good */
} weir_code;

/** What kind of thing went wrong, and what the client does about it. */
typedef enum weir_kind {
  WEIR_KIND_OTHER = 0,             /**< see the code */
  WEIR_KIND_DELETED = 1,           /**< the document was deleted; `recreate` opens it anew */
  WEIR_KIND_EPOCH_CHANGED = 2,     /**< the document began anew on the relay; subscribed again by itself */
  WEIR_KIND_FENCED = 3,            /**< a newer session has this producer id; the client has stopped */
  WEIR_KIND_RESEND_REFUSED = 4,    /**< the producer id cannot go on; a new one is taken */
  WEIR_KIND_PRODUCER_OWNED = 5,    /**< the same: it belongs to another principal */
  WEIR_KIND_ACCESS_DENIED = 6,     /**< the token is not good, or not for this */
  WEIR_KIND_PAYLOAD_TOO_LARGE = 7, /**< larger than the relay takes */
  WEIR_KIND_OUTBOX_FULL = 8,       /**< too much waits to be stored; publish again after weir_document_when_stored() */
  WEIR_KIND_SNAPSHOT = 9,          /**< a snapshot was wrong; the document is read without */
  WEIR_KIND_PROTOCOL = 10,         /**< the peer is not weir, or broke the protocol */
  WEIR_KIND_CONNECTION = 11,       /**< no connection; tried again by itself */
  WEIR_KIND_CLOSED = 12,           /**< you closed the document or the client */
  WEIR_KIND_TAMPERED = 13,         /**< sealed bytes were changed, or moved to another place; they are left out */
  WEIR_KIND_UNSEALED = 14,         /**< a record of an encrypted document is not sealed; it is left out */
  WEIR_KIND_UNKNOWN_KEY = 15,      /**< sealed with a key that you do not have; the document ends before it, or
                                        goes on without what is sealed, and publishes nothing, if it was opened
                                        without a key */
  WEIR_KIND_FORKED = 16,           /**< others were shown another history; the document has ended */
  WEIR_KIND_REPLAYED = 17,         /**< a record came again as a new one; the document has ended */
  WEIR_KIND_MISSING_RECORDS = 18,  /**< records were left out or reordered; the document has ended */
  WEIR_KIND_STORE = 19,            /**< the store could not be opened; or it takes nothing (it is full, say), is tried
                                        again, and nothing waits for it */
  WEIR_KIND_PACK = 20              /**< a pack was wrong, and nothing of it is taken; the records come without packs
                                        from then on */
} weir_kind;

/** Where a client stands. */
typedef enum weir_status {
  WEIR_DISCONNECTED = 0, /**< it does not try */
  WEIR_CONNECTING = 1,   /**< it tries, or waits to try again */
  WEIR_CONNECTED = 2,    /**< the relay has answered */
  WEIR_STOPPED = 3       /**< for ever: closed, fenced, or denied */
} weir_status;

/** What its maker says of a snapshot. */
typedef enum weir_fidelity {
  WEIR_FIDELITY_UNKNOWN = 0,  /**< nothing */
  WEIR_FIDELITY_LOSSLESS = 1, /**< nothing is left out */
  WEIR_FIDELITY_LOSSY = 2     /**< something is left out */
} weir_fidelity;

/** Bytes of weir's own; NULL and 0 when there are none. */
typedef struct weir_bytes {
  const uint8_t* data; /**< the first of them */
  size_t size;         /**< how many */
} weir_bytes;

/**
 * Where a reader stands in a document. A plain value of 48 bytes that never grows: store it together with what you made
 * of the records, and begin there the next time.
 */
typedef struct weir_cursor {
  uint64_t epoch;    /**< which life of the document */
  uint64_t offset;   /**< everything up to here was read */
  uint8_t chain[32]; /**< names the history that was read */
} weir_cursor;

/** The relay answered a subscription. */
typedef struct weir_opened {
  int fresh;        /**< everything comes from the start */
  int lost_history; /**< the relay has lost what you had seen: `state` is asked once all it has was delivered */
} weir_opened;

/** One delta as it is stored. */
typedef struct weir_record {
  uint64_t offset;      /**< position in the space's order */
  uint64_t sequence;    /**< its producer's own count */
  uint64_t time;        /**< Unix time in seconds */
  uint8_t producer[16]; /**< who published it */
  uint32_t codec;       /**< as given to weir_document_publish() */
  int own;              /**< published by this client, which has applied it already */
  int stub;             /**< own, and the payload was left out */
  weir_bytes payload;   /**< your bytes */
} weir_record;

/** Records in offset order, each once. */
typedef struct weir_records {
  const weir_record* const* records; /**< `count` pointers */
  size_t count;                      /**< at least 1 */
  const weir_cursor* cursor;         /**< where to go on from the next time; NULL: from the start */
} weir_records;

/** What stands for all records up to an offset; the records after it follow. Whole, and what its hash says. */
typedef struct weir_snapshot {
  weir_bytes bytes;          /**< as its maker made it */
  uint32_t codec;            /**< as its maker says */
  uint64_t offset;           /**< the last record that it stands for */
  uint64_t base;             /**< 0: it stands alone; else it lies on the one that came just before */
  int verified;              /**< another principal has compared it with its own state */
  weir_fidelity fidelity;    /**< as its maker says */
  const weir_cursor* cursor; /**< as in weir_records */
} weir_snapshot;

/** A snapshot that somebody else has made, and the records after it. */
typedef struct weir_snapshot_check {
  weir_bytes bytes;                  /**< as its maker made it */
  uint32_t codec;                    /**< as its maker says */
  const weir_record* const* records; /**< `count` pointers: all that came after it */
  size_t count;                      /**< may be 0 */
} weir_snapshot_check;

/** Somebody's presence has changed. */
typedef struct weir_presence {
  weir_bytes key;       /**< whose: opaque, the same while that session lives */
  uint8_t producer[16]; /**< of that session */
  weir_bytes data;      /**< what it is now */
  int gone;             /**< it is withdrawn, or its session has ended */
} weir_presence;

/** Changes of presence that came together. */
typedef struct weir_presences {
  const weir_presence* const* changes; /**< `count` pointers */
  size_t count;                        /**< at least 1 */
} weir_presences;

/** What became of something that was waited for. */
typedef struct weir_settled {
  const weir_error* error; /**< NULL: the delta is durable, the condition holds; else it never will */
  uint64_t epoch;          /**< of a delta: where it is stored ... */
  uint64_t sequence;       /**< ... under which number ... */
  uint64_t offset;         /**< ... here or before */
  uint8_t producer[16];    /**< of a delta: by whom */
} weir_settled;

/** A document has met an error. */
typedef struct weir_failed {
  const weir_error* error; /**< what happened */
  int over;                /**< the document is closed by it */
} weir_failed;

/** Called once, on the client's thread, for a call that was taken; at the latest when document or client are closed. */
typedef void (*weir_when_settled)(void* user, const weir_settled* settled);

/** How a client connects. Zeroed, but for struct_size, it connects to 127.0.0.1:8788 without token. */
typedef struct weir_client_options {
  size_t struct_size;             /**< sizeof(weir_client_options) */
  const char* address;            /**< host:port of the relay's gRPC door */
  int tls;                        /**< over TLS */
  const char* root_certificates;  /**< PEM; NULL: the system's */
  const uint8_t* producer;        /**< 16 random bytes that no other client uses now; NULL: new ones */
  const char* client_name;        /**< name and version of the application, for the operator's log */
  int starts_disconnected;        /**< until weir_client_connect() */
  uint64_t backoff_first_ms;      /**< the first retry comes within this time; 0: 250 */
  uint64_t backoff_max_ms;        /**< later ones within this; 0: 30,000 */
  size_t outbox_bytes_max;        /**< of a document, what may wait to be stored; 0: 64 MiB */
  size_t calls_waiting_max;       /**< calls that may wait for the client's thread; 0: 100,000 */
  size_t calls_waiting_bytes_max; /**< and the bytes of their deltas; 0: 64 MiB */

  void* user; /**< handed to the callbacks below */
  /** `user` is not needed any more: called once, at the end of weir_client_free(), or when weir_client_open() fails. */
  void (*user_released)(void* user);
  /** Asked for the token of each connection: weir_answer_add() gives it. One that is refused is asked for again. */
  void (*token)(void* user, weir_answer* answer);
  void (*on_status)(void* user, weir_status status);                   /**< the status is another one now */
  void (*on_connection_error)(void* user, const weir_error* error);    /**< the next attempt is under way */
  void (*on_producer_changed)(void* user, const uint8_t producer[16]); /**< the relay refused the old producer id */
  void (*on_error)(void* user, const weir_error* error);               /**< concerns the whole client */
  int makes_snapshots; /**< some document of this client will have make_snapshot or check_snapshot */
  /**
   * A folder, made if there is none: the store. What is published is in it before it is sent, and survives the process;
   * when its document is opened again it goes out as it was, so that the relay stores it once. It has a producer id of
   * its own, so give none. One client at a time has it; weir_client_close() lets it go. NULL: what is not yet stored
   * lives in memory only.
   */
  const char* store;
  /**
   * Everything comes as records. Otherwise what the relay has packed comes as it lies there, a byte or so a keystroke
   * instead of some thirty, and is unpacked here.
   */
  int without_packs;
} weir_client_options;

/** Where reading begins, and what is called. Zeroed, but for struct_size, it reads all that is kept, and calls nothing.
 */
typedef struct weir_document_options {
  size_t struct_size;        /**< sizeof(weir_document_options) */
  const weir_cursor* cursor; /**< go on from here; NULL: from the start */
  int live_only;             /**< only what is published from now on */
  int presence;              /**< others' presence is wanted */
  int recreate;              /**< opens a deleted document anew */

  void* user; /**< handed to the callbacks below */
  /** No callback of this document comes any more: called once, from any thread; also when weir_document_open() fails.
   */
  void (*user_released)(void* user);
  void (*on_opened)(void* user, const weir_opened* opened); /**< the relay answered */
  void (*on_records)(void* user, const weir_records* read); /**< in order, each once */
  /** If given, snapshots are asked for; the records that they stand for then do not come. */
  void (*on_snapshot)(void* user, const weir_snapshot* read);
  void (*on_caught_up)(void* user);                                 /**< everything the relay has was delivered */
  void (*on_stored)(void* user, size_t pending);                    /**< something became durable; what still waits */
  void (*on_presence)(void* user, const weir_presences* presences); /**< others' presence has changed */
  void (*on_error)(void* user, const weir_failed* failed);          /**< also for a delta that nobody waits for */
  /** After lost history: each weir_answer_add() is a delta of codec 0; together what the relay may lack. */
  void (*state)(void* user, weir_answer* answer);

  /**
   * 32 random bytes that everybody has who may read: all that leaves this client is sealed with them, and only what is
   * sealed is handed over (docs/encryption.md). NULL: the document is plain; if it turns out to be encrypted, nothing
   * is published to it.
   */
  const uint8_t* key;
  uint32_t key_id; /**< which of the document's keys it is; you number them, and use no number twice */
  int verify;      /**< without a key: the document ends when the relay repeats, leaves out or reorders records */
  /** Asked for the key of what is sealed with another one: writes its 32 bytes and returns 1; 0: the document ends. */
  int (*find_key)(void* user, uint32_t key_id, uint8_t key[32]);
  /**
   * The relay wants a snapshot: adds the whole state, in one weir_answer_add() of codec 0, and returns its
   * weir_fidelity; or adds nothing, and another client is asked. Called when everything that was handed over, and
   * nothing else, is in it.
   */
  weir_fidelity (*make_snapshot)(void* user, weir_answer* answer);
  /** Do these together give what you have? 1: yes, 0: no, -1: you cannot tell. Called at such a moment as well. */
  int (*check_snapshot)(void* user, const weir_snapshot_check* check);
  void (*on_snapshot_kept)(void* user, uint64_t offset); /**< a snapshot of this client is durable */
  /** Records up to `offset` are not kept any more, and did not come: what is read is not all that ever was. */
  void (*on_cut)(void* user, uint64_t offset);
} weir_document_options;

/** @name Errors
 * All take NULL, for no error. Any thread; an error never changes. */
///@{
/** WEIR_OK for NULL. */
WEIR_API weir_code weir_error_code(const weir_error* error);
/** WEIR_KIND_OTHER for NULL. */
WEIR_API weir_kind weir_error_kind(const weir_error* error);
/** UTF-8 to be shown: what happened, to which document, what to do. It lives as long as the error; empty for NULL. */
WEIR_API const char* weir_error_message(const weir_error* error);
/** When trying again makes sense, as far as the relay has said; else 0. */
WEIR_API uint64_t weir_error_retry_after_ms(const weir_error* error);
/** For an error that a function gave out; never for one that a callback was handed. */
WEIR_API void weir_error_free(weir_error* error);
/** As google.rpc spells it, "OUT_OF_RANGE"; a constant. "UNKNOWN" for what is none. */
WEIR_API const char* weir_code_name(int code);
///@}

/** The library's version, "0.1.0"; a constant. */
WEIR_API const char* weir_version(void);

/** Adds bytes to a callback's answer; they are copied. Only before that callback returns. */
WEIR_API weir_code weir_answer_add(weir_answer* answer, const void* data, size_t size);

/** @name Client */
///@{
/**
 * Opens a client, which begins to connect at once; callbacks may come before this returns. That no relay is there is
 * not an error of this call: on_connection_error tells, and the client goes on trying. WEIR_KIND_STORE when its store
 * cannot be opened: WEIR_FAILED_PRECONDITION when another client has it, WEIR_DATA_LOSS when it is damaged (it is left
 * as it is), WEIR_PERMISSION_DENIED, WEIR_RESOURCE_EXHAUSTED or WEIR_UNAVAILABLE when the disk does not let it.
 */
WEIR_API weir_code weir_client_open(const weir_client_options* options, weir_client** out, weir_error** error);
/** Connects a client that started disconnected, or was told to disconnect. */
WEIR_API weir_code weir_client_connect(weir_client* client, weir_error** error);
/** Until weir_client_connect(); what is published meanwhile waits. */
WEIR_API weir_code weir_client_disconnect(weir_client* client, weir_error** error);
/** As on_status told last. WEIR_STOPPED for NULL. */
WEIR_API weir_status weir_client_status(const weir_client* client);
/**
 * The documents of which the store had deltas that the relay is not known to have, when this client was opened: open
 * them, and they are sent. Gives one after the other, from `index` 0; WEIR_OUT_OF_RANGE behind the last, and without a
 * store. The names live as long as the handle.
 */
WEIR_API weir_code weir_client_unsent(const weir_client* client, size_t index, const char** space,
                                      const char** document);
/**
 * Ends it for ever: what is not yet stored is given up, unless there is a store, and everything that waits is answered
 * with WEIR_KIND_CLOSED. Returns when all callbacks are over; none comes after it. In a callback of this client it
 * returns at once, and the answers come after that callback. Do not hold a lock meanwhile that a callback takes. NULL,
 * or again: nothing happens.
 */
WEIR_API void weir_client_close(weir_client* client);
/**
 * Closes it, and frees the handle. Its documents' handles stay valid, and are freed by themselves. In a callback of
 * this client the memory, and user_released, wait for the next weir_client_open() or weir_client_free() outside of one.
 */
WEIR_API void weir_client_free(weir_client* client);
///@}

/** @name Document */
///@{
/**
 * Subscribes, and waits for the client's thread, not for the relay; callbacks may come before it returns. It lives
 * until it is closed, over any number of connections. WEIR_INVALID_ARGUMENT for a name that is none (UTF-8 without
 * control characters, at most 255 bytes for a space and 1,024 for a document), WEIR_ALREADY_EXISTS when this client has
 * it open.
 */
WEIR_API weir_code weir_document_open(weir_client* client, const char* space, const char* document,
                                      const weir_document_options* options, weir_document** out, weir_error** error);
/**
 * Publishes one delta. `codec`: 0 raw bytes, 16 and above your own. `data` is copied, and may be NULL when `size` is 0.
 * When it is durable, or will never be, `then` is called, if given, with `user`. WEIR_RESOURCE_EXHAUSTED when too many
 * calls wait for the client's thread: try again when an earlier one was answered.
 */
WEIR_API weir_code weir_document_publish(weir_document* document, uint32_t codec, const void* data, size_t size,
                                         weir_when_settled then, void* user, weir_error** error);
/** Calls `then` when nothing of this document waits to be stored; with an error when that will never be. */
WEIR_API weir_code weir_document_when_stored(weir_document* document, weir_when_settled then, void* user,
                                             weir_error** error);
/** Calls `then` when everything the relay has was delivered; with an error when that will never be. */
WEIR_API weir_code weir_document_when_caught_up(weir_document* document, weir_when_settled then, void* user,
                                                weir_error** error);
/**
 * Calls `then` when everything published so far is in the store, fsynced; WEIR_FAILED_PRECONDITION in weir_settled when
 * there is no store.
 */
WEIR_API weir_code weir_document_when_kept(weir_document* document, weir_when_settled then, void* user,
                                           weir_error** error);
/**
 * Replaces this client's presence, which is sent again after each reconnect; size 0 withdraws it. Of several that come
 * quickly the last one counts.
 */
WEIR_API weir_code weir_document_set_presence(weir_document* document, const void* data, size_t size,
                                              weir_error** error);
/**
 * What is published from now on is sealed with this key of 32 bytes; the older ones go on opening what they have
 * sealed. WEIR_FAILED_PRECONDITION when the document was opened without a key.
 */
WEIR_API weir_code weir_document_set_key(weir_document* document, uint32_t key_id, const uint8_t* key,
                                         weir_error** error);
/**
 * Ends the subscription: what is not yet stored is given up, unless there is a store. In a callback none follows for
 * this document but answers to what waits; from another thread, one may still be under way, and user_released tells
 * when all are over. NULL, or again: nothing happens.
 */
WEIR_API void weir_document_close(weir_document* document);
/** Closes it, and frees the handle; also in callbacks. */
WEIR_API void weir_document_free(weir_document* document);
///@}

#ifdef __cplusplus
}
#endif

#endif
