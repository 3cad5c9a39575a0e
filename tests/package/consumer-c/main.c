/* A program in C that knows weir only as it is installed. No relay is there: what it publishes is answered by close. */
#include <stdio.h>
#include <weir.h>

static void count(void* user, const weir_settled* settled) {
  *(int*)user += settled->error && weir_error_kind(settled->error) == WEIR_KIND_CLOSED;
}

int main(void) {
  weir_client_options options = {.struct_size = sizeof options, .address = "127.0.0.1:1"};
  weir_document_options reading = {.struct_size = sizeof reading};
  weir_client* client = NULL;
  weir_document* plan = NULL;
  int answered = 0;
  if (weir_client_open(&options, &client, NULL) != WEIR_OK) return 2;
  if (weir_document_open(client, "acme-notes", "plan", &reading, &plan, NULL) != WEIR_OK) return 2;
  if (weir_document_publish(plan, 0, "bytes", 5, count, &answered, NULL) != WEIR_OK) return 2;
  weir_client_free(client);
  weir_document_free(plan);
  printf("answered %d, by %s\n", answered, weir_version());
  return answered == 1 ? 0 : 1;
}
