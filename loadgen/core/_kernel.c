/* The part of the hot path that runs once for each request, compiled: optional, and equal to its twin in Python.

   Rows   takes the five integers of an ended request          twin: loadgen.core.rows.PlainRows
   Line   sends one request and settles the usual answer       twin: loadgen.net.line.PlainLine
   burst  sends what is due on the connections that are free   twin: the loop of loadgen.worker.engine.Engine.dispatch

   Laws: no call here blocks; whatever is not the usual case is handed to Python, in the state in which the twin would
   hand it over; tests drive both with the same answers. Each request costs one system call to send and one to read. */

#define _GNU_SOURCE /* memmem */
#define PY_SSIZE_T_CLEAN
#include <Python.h>
#include <structmember.h>

#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

#ifndef MSG_NOSIGNAL
#define MSG_NOSIGNAL 0 /* Python ignores SIGPIPE */
#endif

#define ROW_WIDTH 5
#define FIRST_ROWS 4096

static PyObject *name_request, *name_number, *name_heads, *name_freed, *name_appendleft, *name_close, *name_popleft,
    *name_free, *name_backlog, *name_serve_until_ns;

static int64_t now_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

#include "_kernel_rows.h"
#include "_kernel_line.h"
#include "_kernel_burst.h"

static PyMethodDef functions[] = {
    {"burst", (PyCFunction)(void (*)(void))burst, METH_FASTCALL,
     "burst(dues, picks, at, pools, until_ns, send_until_ns): send what is due as long as the usual case holds, that "
     "is a free connection and nothing that waits; return the position of the first request that was not sent."},
    {NULL},
};

static struct PyModuleDef definition = {
    PyModuleDef_HEAD_INIT,
    .m_name = "loadgen.core._kernel",
    .m_doc = "The compiled twin of loadgen.core.rows, loadgen.net.line and the loop of loadgen.worker.engine.",
    .m_size = -1,
    .m_methods = functions,
};

static int prepare_names(void)
{
    const struct {
        PyObject **name;
        const char *text;
    } names[] = {
        {&name_request, "request"}, {&name_number, "number"}, {&name_heads, "heads"},
        {&name_freed, "freed"}, {&name_appendleft, "appendleft"},
        {&name_close, "close"}, {&name_popleft, "popleft"}, {&name_free, "free"}, {&name_backlog, "backlog"},
        {&name_serve_until_ns, "serve_until_ns"},
    };
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if ((*names[i].name = PyUnicode_InternFromString(names[i].text)) == NULL)
            return -1;
    return 0;
}

PyMODINIT_FUNC PyInit__kernel(void)
{
    if (prepare_names() || PyType_Ready(&RowsType) || PyType_Ready(&LineType))
        return NULL;
    PyObject *module = PyModule_Create(&definition);
    if (module == NULL)
        return NULL;
    if (PyModule_AddObjectRef(module, "Rows", (PyObject *)&RowsType) ||
        PyModule_AddObjectRef(module, "Line", (PyObject *)&LineType) ||
        PyModule_AddIntConstant(module, "REVISION", 2)) {
        Py_DECREF(module);
        return NULL;
    }
    return module;
}
