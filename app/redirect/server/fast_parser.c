/* The plain request, which nearly all of them are, read at once: app/redirect/server/fast_parser.pyi says
 * what it is. Whatever is the least bit unusual is left to the parser that knows everything.
 *
 * Rule 1: accepts less than gunicorn_h1c does, and reads what it accepts as that does; a test holds
 *         them together.
 * Rule 2: every scan stops at a zero byte, which is no part of a request, and which Python keeps
 *         behind the last byte of a bytes object. So nothing is read beyond.
 */

#define PY_SSIZE_T_CLEAN
#include <Python.h>

#include <stdbool.h>
#include <string.h>

typedef unsigned char byte;

#define MOST_FIELDS 32
#define LONGEST_NAME 32
#define MOST_POSITIONS 16

/* Where a field belongs, if not in a position of the list: Connection stands behind the list. */
#define CONNECTION MOST_POSITIONS
#define LEAVE (-1)
#define NOWHERE (-2)

/* What a byte may be part of. */
#define TARGET 1
#define NAME 2
#define VALUE 4
#define HOST 8

static byte kinds[256];
static byte lower[256];

typedef struct {
    char name[LONGEST_NAME];
    Py_ssize_t length;
    int position;
} Field;

typedef struct {
    const byte *start;
    Py_ssize_t length;
} Span;

typedef struct {
    Py_ssize_t consumed;
    bool closes;
    Span target;
    Span values[MOST_POSITIONS + 1];
} Request;

typedef struct {
    PyObject_HEAD
    Field fields[MOST_FIELDS];
    int field_count;
    int positions;
    int host_position;
    Py_ssize_t line_bytes;
    Py_ssize_t most_fields;
    Py_ssize_t field_bytes;
    Py_ssize_t head_bytes;
} PlainReader;

/* --- Bytes --- */

static void
allow(const char *bytes, byte kind)
{
    for (; *bytes; bytes++)
        kinds[(byte)*bytes] |= kind;
}

static void
classify_bytes(void)
{
    static const char letters[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
    for (int c = 0; c < 256; c++) {
        lower[c] = (byte)(c >= 'A' && c <= 'Z' ? c + 32 : c);
        kinds[c] = 0;
        if (c > 0x20 && c < 0x7f && c != '#')
            kinds[c] |= TARGET;
        if (c == '\t' || (c >= 0x20 && c != 0x7f))
            kinds[c] |= VALUE;
    }
    allow(letters, NAME | HOST);
    allow("!#$%&'*+-.^_`|~", NAME);
    allow("-.", HOST);
}

static const byte *
skip(const byte *at, byte kind)
{
    while (kinds[*at] & kind)
        at++;
    return at;
}

static bool
is_same(const byte *text, const char *lowercase, Py_ssize_t length)
{
    for (Py_ssize_t i = 0; i < length; i++)
        if (lower[text[i]] != (byte)lowercase[i])
            return false;
    return true;
}

/* --- One request --- */

static int
position_of(const PlainReader *self, const byte *name, Py_ssize_t length)
{
    for (int i = 0; i < self->field_count; i++) {
        const Field *field = &self->fields[i];
        if (field->length == length && is_same(name, field->name, length))
            return field->position;
    }
    return NOWHERE;
}

/* A name or an IPv4 address, and perhaps a port (RFC 9110 section 7.2); others are rare. */
static bool
is_plain_host(Span host)
{
    const byte *end = host.start + host.length;
    const byte *at = skip(host.start, HOST);
    if (at == host.start)
        return false;
    if (at < end && *at == ':')
        for (at++; at < end && *at >= '0' && *at <= '9';)
            at++;
    return at == end;
}

static bool
is_word(Span value, const char *lowercase)
{
    return value.length == (Py_ssize_t)strlen(lowercase) &&
           is_same(value.start, lowercase, value.length);
}

static Span
trimmed(const byte *start, const byte *end)
{
    while (start < end && (*start == ' ' || *start == '\t'))
        start++;
    while (end > start && (end[-1] == ' ' || end[-1] == '\t'))
        end--;
    return (Span){start, end - start};
}

/* Takes one field line, and returns where the next begins; NULL if the request is not plain. */
static const byte *
take_field(const PlainReader *self, const byte *line, Request *request)
{
    const byte *colon = skip(line, NAME);
    if (*colon != ':' || colon == line)
        return NULL;
    const byte *end = skip(colon + 1, VALUE);
    /* The other parser counts up to four bytes more, for the colon, a space and the line's end. */
    if (end[0] != '\r' || end[1] != '\n' || end - line + 4 > self->field_bytes)
        return NULL;
    int position = position_of(self, line, colon - line);
    if (position == NOWHERE)
        return end + 2;
    if (position == LEAVE || request->values[position].start)
        return NULL;
    request->values[position] = trimmed(colon + 1, end);
    return end + 2;
}

/* Returns where the fields begin; NULL if the request is not plain. */
static const byte *
take_line(const PlainReader *self, const byte *line, Request *request)
{
    static const char version[] = " HTTP/1.1\r\n";
    if (strncmp((const char *)line, "GET /", 5))
        return NULL;
    const byte *target = line + 4;
    const byte *end = skip(target, TARGET);
    request->target = (Span){target, end - target};
    if (strncmp((const char *)end, version, sizeof version - 1))
        return NULL;
    end += sizeof version - 1;
    return end - line - 2 > self->line_bytes ? NULL : end;
}

static bool
is_plain(const PlainReader *self, Request *request)
{
    Span host = request->values[self->host_position];
    Span connection = request->values[CONNECTION];
    request->closes = connection.start && is_word(connection, "close");
    return host.start && is_plain_host(host) &&
           (!connection.start || request->closes || is_word(connection, "keep-alive"));
}

static bool
take_request(const PlainReader *self, const byte *start, Request *request)
{
    const byte *at = take_line(self, start, request);
    for (Py_ssize_t count = 0; at && *at != '\r'; count++)
        at = count < self->most_fields ? take_field(self, at, request) : NULL;
    if (!at || at[1] != '\n')
        return false;
    request->consumed = at + 2 - start;
    return request->consumed <= self->head_bytes && is_plain(self, request);
}

/* --- Python's side --- */

static PyObject *
as_bytes(Span span)
{
    return PyBytes_FromStringAndSize((const char *)span.start, span.length);
}

static PyObject *
as_list(const Span *values, int positions)
{
    PyObject *list = PyList_New(positions);
    for (int i = 0; list && i < positions; i++) {
        PyObject *value = values[i].start ? as_bytes(values[i]) : Py_NewRef(Py_None);
        if (!value)
            Py_CLEAR(list);
        else
            PyList_SET_ITEM(list, i, value);
    }
    return list;
}

static PyObject *
as_tuple(const Request *request, int positions)
{
    Span target = request->target;
    const byte *mark = memchr(target.start, '?', (size_t)target.length);
    Span path = {target.start, mark ? mark - target.start : target.length};
    Span query = mark ? (Span){mark + 1, target.length - path.length - 1} : (Span){target.start, 0};
    /* The tuple takes the references over, and lets go of all if one is missing. */
    return Py_BuildValue("nNNNN", request->consumed, PyBool_FromLong(request->closes),
                         as_bytes(path), as_bytes(query), as_list(request->values, positions));
}

static PyObject *
PlainReader_read(PyObject *object, PyObject *data)
{
    const PlainReader *self = (PlainReader *)object;
    if (!PyBytes_Check(data)) {
        PyErr_SetString(PyExc_TypeError, "the data must be bytes");
        return NULL;
    }
    Request request = {0};
    if (!take_request(self, (const byte *)PyBytes_AS_STRING(data), &request))
        Py_RETURN_NONE;
    return as_tuple(&request, self->positions);
}

static void
add_field(PlainReader *self, const char *name, Py_ssize_t length, int position)
{
    Field *field = &self->fields[self->field_count++];
    memcpy(field->name, name, (size_t)length);
    field->length = length;
    field->position = position;
}

/* What tells of a body or another protocol, and what of the connection's end. */
static void
add_own_fields(PlainReader *self)
{
    static const char *const left[] = {"content-length", "transfer-encoding", "expect", "upgrade"};
    for (size_t i = 0; i < sizeof left / sizeof *left; i++)
        add_field(self, left[i], (Py_ssize_t)strlen(left[i]), LEAVE);
    add_field(self, "connection", 10, CONNECTION);
}

static bool
add_wanted_field(PlainReader *self, PyObject *name, PyObject *position)
{
    char *text;
    Py_ssize_t length;
    if (PyBytes_AsStringAndSize(name, &text, &length))
        return false;
    long number = PyLong_AsLong(position);
    if (PyErr_Occurred())
        return false;
    if (self->field_count == MOST_FIELDS || length > LONGEST_NAME || number < LEAVE ||
        number >= MOST_POSITIONS) {
        PyErr_Format(PyExc_ValueError, "no room for the field %.40s at %ld", text, number);
        return false;
    }
    add_field(self, text, length, (int)number);
    if (number >= self->positions)
        self->positions = (int)number + 1;
    if (length == 4 && !memcmp(text, "host", 4))
        self->host_position = (int)number;
    return true;
}

static int
PlainReader_init(PyObject *object, PyObject *args, PyObject *kwargs)
{
    static char *names[] = {"positions", "line_bytes", "fields", "field_bytes", "head_bytes", NULL};
    PlainReader *self = (PlainReader *)object;
    PyObject *positions;
    self->field_count = self->positions = 0;
    self->host_position = LEAVE;
    if (!PyArg_ParseTupleAndKeywords(args, kwargs, "O!nnnn", names, &PyDict_Type, &positions,
                                     &self->line_bytes, &self->most_fields, &self->field_bytes,
                                     &self->head_bytes))
        return -1;
    add_own_fields(self);
    PyObject *name, *position;
    Py_ssize_t cursor = 0;
    while (PyDict_Next(positions, &cursor, &name, &position))
        if (!add_wanted_field(self, name, position))
            return -1;
    if (self->host_position < 0) {
        PyErr_SetString(PyExc_ValueError, "the positions must have one for host");
        return -1;
    }
    return 0;
}

static PyMethodDef PlainReader_methods[] = {
    {"read", PlainReader_read, METH_O, NULL},
    {NULL, NULL, 0, NULL},
};

static PyType_Slot PlainReader_slots[] = {
    {Py_tp_init, PlainReader_init},
    {Py_tp_methods, PlainReader_methods},
    {0, NULL},
};

static PyType_Spec PlainReader_spec = {
    .name = "app.redirect.server.fast_parser.PlainReader",
    .basicsize = sizeof(PlainReader),
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_IMMUTABLETYPE,
    .slots = PlainReader_slots,
};

static int
fill_module(PyObject *module)
{
    classify_bytes();
    PyObject *type = PyType_FromModuleAndSpec(module, &PlainReader_spec, NULL);
    int status = type ? PyModule_AddType(module, (PyTypeObject *)type) : -1;
    Py_XDECREF(type);
    return status || PyModule_AddIntConstant(module, "LEAVE", LEAVE) ? -1 : 0;
}

static PyModuleDef_Slot module_slots[] = {
    {Py_mod_exec, fill_module},
    {0, NULL},
};

static struct PyModuleDef definition = {
    PyModuleDef_HEAD_INIT,
    .m_name = "fast_parser",
    .m_slots = module_slots,
};

PyMODINIT_FUNC
PyInit_fast_parser(void)
{
    return PyModuleDef_Init(&definition);
}
