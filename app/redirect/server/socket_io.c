/* Reading from sockets and writing to them, for who never waits: app/redirect/server/socket_io.pyi says
 * what it does.
 *
 * Rule: no call may block, so none lets go of the interpreter's lock, which costs more than either
 *       call does outside the kernel.
 */

#define PY_SSIZE_T_CLEAN
#include <Python.h>

#include <errno.h>
#include <limits.h>
#include <stdbool.h>
#include <sys/socket.h>

#define MOST_BYTES 16384

static bool
is_for_later(void)
{
    return errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR;
}

/* Returns -1 with an exception set if it is no descriptor. */
static int
as_descriptor(PyObject *number)
{
    long descriptor = PyLong_AsLong(number);
    if (descriptor == -1 && PyErr_Occurred())
        return -1;
    if (descriptor < 0 || descriptor > INT_MAX) {
        PyErr_SetString(PyExc_OverflowError, "no such descriptor");
        return -1;
    }
    return (int)descriptor;
}

static PyObject *
receive(PyObject *Py_UNUSED(module), PyObject *descriptor)
{
    char bytes[MOST_BYTES];
    int fd = as_descriptor(descriptor);
    if (fd < 0)
        return NULL;
    ssize_t received = recv(fd, bytes, sizeof bytes, MSG_DONTWAIT);
    if (received >= 0)
        return PyBytes_FromStringAndSize(bytes, received);
    if (is_for_later())
        Py_RETURN_NONE;
    return PyErr_SetFromErrno(PyExc_OSError);
}

static PyObject *
transmit(PyObject *Py_UNUSED(module), PyObject *const *args, Py_ssize_t count)
{
    Py_buffer data;
    if (count != 2) {
        PyErr_SetString(PyExc_TypeError, "expected a descriptor and bytes");
        return NULL;
    }
    int fd = as_descriptor(args[0]);
    if (fd < 0 || PyObject_GetBuffer(args[1], &data, PyBUF_SIMPLE))
        return NULL;
    ssize_t sent = send(fd, data.buf, (size_t)data.len, MSG_DONTWAIT | MSG_NOSIGNAL);
    PyBuffer_Release(&data);
    if (sent >= 0)
        return PyLong_FromSsize_t(sent);
    if (is_for_later())
        return PyLong_FromLong(0);
    return PyErr_SetFromErrno(PyExc_OSError);
}

static PyMethodDef functions[] = {
    {"receive", receive, METH_O, NULL},
    {"transmit", (PyCFunction)(void (*)(void))transmit, METH_FASTCALL, NULL},
    {NULL, NULL, 0, NULL},
};

static int
fill_module(PyObject *module)
{
    return PyModule_AddIntConstant(module, "MOST_BYTES", MOST_BYTES);
}

static PyModuleDef_Slot module_slots[] = {
    {Py_mod_exec, fill_module},
    {0, NULL},
};

static struct PyModuleDef definition = {
    PyModuleDef_HEAD_INIT,
    .m_name = "socket_io",
    .m_methods = functions,
    .m_slots = module_slots,
};

PyMODINIT_FUNC
PyInit_socket_io(void)
{
    return PyModuleDef_Init(&definition);
}
