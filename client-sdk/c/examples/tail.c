/* tail: a document's records in a terminal, as they come; with --publish, each line of the input becomes a delta first.
 *
 *   tail 127.0.0.1:8788 acme-notes plan
 *   echo hello | tail 127.0.0.1:8788 acme-notes plan --publish      ends when all of it is stored
 */
#define _POSIX_C_SOURCE 200809L

#include <inttypes.h>
#include <semaphore.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <weir.h>

/* What the callbacks share with main(). */
struct tail {
  sem_t over;
  int failed;
};

static int complain(weir_error* error) {
  fprintf(stderr, "%s\n", weir_error_message(error));
  weir_error_free(error);
  return EXIT_FAILURE;
}

static void print_records(void* user, const weir_records* read) {
  size_t i;
  (void)user;
  for (i = 0; i < read->count; ++i) {
    const weir_record* record = read->records[i];
    printf("%" PRIu64 " %s %.*s\n", record->offset, record->own ? "mine" : "theirs", (int)record->payload.size,
           record->payload.data ? (const char*)record->payload.data : "");
  }
  fflush(stdout);
}

static void caught_up(void* user) {
  (void)user;
  fprintf(stderr, "caught up\n");
}

static void no_connection(void* user, const weir_error* error) {
  (void)user;
  fprintf(stderr, "%s\n", weir_error_message(error));
}

static void document_failed(void* user, const weir_failed* failed) {
  struct tail* tail = user;
  fprintf(stderr, "%s\n", weir_error_message(failed->error));
  if (!failed->over) return;
  tail->failed = 1;
  sem_post(&tail->over);
}

static void settled(void* user, const weir_settled* about) {
  struct tail* tail = user;
  if (about->error) {
    fprintf(stderr, "%s\n", weir_error_message(about->error));
    tail->failed = 1;
  }
  sem_post(&tail->over);
}

static void wait_for(sem_t* semaphore) {
  while (sem_wait(semaphore) != 0) {
    /* a signal came; go on waiting */
  }
}

/* One line at a time is on its way: simple, and no faster than the disk of the relay. */
static int publish_input(weir_document* document, struct tail* tail) {
  char line[4096];
  while (!tail->failed && fgets(line, sizeof line, stdin)) {
    weir_error* error = NULL;
    if (weir_document_publish(document, 0, line, strcspn(line, "\n"), settled, tail, &error) != WEIR_OK)
      return complain(error);
    wait_for(&tail->over);
  }
  return tail->failed ? EXIT_FAILURE : EXIT_SUCCESS;
}

static int run(weir_client* client, char** place, int publishes, struct tail* tail) {
  weir_document_options options = {.struct_size = sizeof options, .user = tail, .on_error = document_failed};
  weir_document* document = NULL;
  weir_error* error = NULL;
  int status = EXIT_FAILURE;
  if (!publishes) {
    options.on_records = print_records;
    options.on_caught_up = caught_up;
  }
  if (weir_document_open(client, place[0], place[1], &options, &document, &error) != WEIR_OK) return complain(error);
  if (publishes)
    status = publish_input(document, tail);
  else
    wait_for(&tail->over);
  weir_document_free(document);
  return status;
}

int main(int argc, char** argv) {
  weir_client_options options = {.struct_size = sizeof options, .on_connection_error = no_connection};
  weir_client* client = NULL;
  weir_error* error = NULL;
  struct tail tail = {.failed = 0};
  const int publishes = argc == 5 && strcmp(argv[4], "--publish") == 0;
  int status = EXIT_FAILURE;
  if (argc != 4 && !publishes) {
    fprintf(stderr, "usage: tail HOST:PORT SPACE DOCUMENT [--publish]\n");
    return 2;
  }
  options.address = argv[1];
  sem_init(&tail.over, 0, 0);
  if (weir_client_open(&options, &client, &error) != WEIR_OK) return complain(error);
  status = run(client, argv + 2, publishes, &tail);
  weir_client_free(client);
  sem_destroy(&tail.over);
  return status;
}
