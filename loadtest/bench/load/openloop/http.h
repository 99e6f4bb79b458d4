/* What the generator knows of HTTP: requests ready to send, and where a response ends. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>

enum { RESPONSE_BYTES = 16384 };

struct request {
    const char *bytes;
    size_t size;
};

static void die(const char *what) {
    perror(what);
    exit(1);
}

/* Reads requests that are each ended by NUL; ends the program when there is none. */
static struct request *read_requests(const char *path, size_t *count) {
    FILE *file = fopen(path, "rb");
    if (!file) die(path);
    struct request *requests = NULL;
    char *bytes = NULL;
    size_t capacity = 0;
    *count = 0;
    while (getdelim(&bytes, &capacity, '\0', file) > 0) {
        requests = realloc(requests, (*count + 1) * sizeof *requests);
        requests[(*count)++] = (struct request){strdup(bytes), strlen(bytes)};
    }
    free(bytes);
    fclose(file);
    if (!*count) die("no requests in the file");
    return requests;
}

/* Bytes of the whole response at the front of a buffer; 0: more is needed; -1: not understood. */
static ssize_t response_bytes(const char *response, size_t have) {
    const char *end = memmem(response, have, "\r\n\r\n", 4);
    if (!end) return have < RESPONSE_BYTES - 1 ? 0 : -1;
    const char *length = strcasestr(response, "\r\ncontent-length:");
    const char *chunked = strcasestr(response, "\r\ntransfer-encoding:");
    if ((chunked && chunked < end) || !length || length > end) return -1;
    size_t whole = (size_t)(end + 4 - response) + strtoul(length + 17, NULL, 10);
    if (whole > have) return whole < RESPONSE_BYTES ? 0 : -1;
    return (ssize_t)whole;
}
