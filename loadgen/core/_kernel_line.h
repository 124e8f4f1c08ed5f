/* Line: one connection's usual case, from a request to the row of its answer. Its twin says what each step means. */

typedef struct {
    PyObject_HEAD
    long long due_ns, free_ns, sent_ns, bytes_in, requests;
    char busy, lost, last, fresh;
    int fd; /* where to send without the transport; -1: through it */
    PyObject *endpoint, *pool, *record, *backlog, *free_append, *write, *is_closing, *view;
    Rows *rows; /* borrowed from record, which keeps it alive; NULL when record is something else */
    Py_buffer buffer;
    /* the head that was last found in the endpoint's memory */
    PyObject *head, *head_endpoint;
    Py_ssize_t head_length, answer_length;
    long long code;
} Line;

static PyTypeObject LineType;

static int line_init(Line *self, PyObject *args, PyObject *kwargs)
{
    PyObject *pool, *view, *endpoint, *record, *backlog, *free_append;
    if (kwargs != NULL && PyDict_GET_SIZE(kwargs)) {
        PyErr_SetString(PyExc_TypeError, "a line takes no named arguments");
        return -1;
    }
    if (!PyArg_ParseTuple(args, "OOOOOO", &pool, &view, &endpoint, &record, &backlog, &free_append))
        return -1;
    if (self->view != NULL) {
        PyErr_SetString(PyExc_RuntimeError, "a line is set up once");
        return -1;
    }
    if (PyObject_GetBuffer(view, &self->buffer, PyBUF_SIMPLE))
        return -1;
    self->pool = Py_NewRef(pool);
    self->view = Py_NewRef(view);
    self->endpoint = Py_NewRef(endpoint);
    self->record = Py_NewRef(record);
    self->backlog = Py_NewRef(backlog);
    self->free_append = Py_NewRef(free_append);
    if (PyCFunction_Check(record) && PyCFunction_GET_FUNCTION(record) == (PyCFunction)rows_append)
        self->rows = (Rows *)PyCFunction_GET_SELF(record);
    self->fd = -1;
    self->fresh = 1;
    return 0;
}

static int line_traverse(Line *self, visitproc visit, void *arg)
{
    Py_VISIT(self->endpoint);
    Py_VISIT(self->pool);
    Py_VISIT(self->record);
    Py_VISIT(self->backlog);
    Py_VISIT(self->free_append);
    Py_VISIT(self->write);
    Py_VISIT(self->is_closing);
    Py_VISIT(self->view);
    Py_VISIT(self->head_endpoint);
    return 0;
}

static int line_clear(Line *self)
{
    self->rows = NULL;
    Py_CLEAR(self->endpoint);
    Py_CLEAR(self->pool);
    Py_CLEAR(self->record);
    Py_CLEAR(self->backlog);
    Py_CLEAR(self->free_append);
    Py_CLEAR(self->write);
    Py_CLEAR(self->is_closing);
    Py_CLEAR(self->head);
    Py_CLEAR(self->head_endpoint);
    return 0;
}

static void line_dealloc(Line *self)
{
    PyObject_GC_UnTrack(self);
    line_clear(self);
    if (self->view != NULL)
        PyBuffer_Release(&self->buffer);
    Py_CLEAR(self->view);
    Py_TYPE(self)->tp_free((PyObject *)self);
}

static PyObject *line_attach(Line *self, PyObject *args)
{
    PyObject *write, *is_closing;
    int fd;
    if (!PyArg_ParseTuple(args, "OOi", &write, &is_closing, &fd))
        return NULL;
    Py_XSETREF(self->write, Py_NewRef(write));
    Py_XSETREF(self->is_closing, Py_NewRef(is_closing));
    self->fd = fd;
    Py_RETURN_NONE;
}

static PyObject *line_get_buffer(Line *self, PyObject *sizehint)
{
    if (self->view == NULL)
        return PyErr_Format(PyExc_RuntimeError, "a line that was not set up has no buffer");
    return Py_NewRef(self->view);
}

/* Give an endpoint's request to the socket, or what it does not take to the transport. */
static int write_request(Line *self, PyObject *request)
{
    PyObject *rest = NULL;
    if (self->fd >= 0 && PyBytes_CheckExact(request)) {
        Py_ssize_t length = PyBytes_GET_SIZE(request);
        ssize_t sent = send(self->fd, PyBytes_AS_STRING(request), length, MSG_DONTWAIT | MSG_NOSIGNAL);
        if (sent == length)
            return 0;
        self->fd = -1; /* the transport holds bytes or will find the error: from now on all goes through it */
        if (sent > 0) {
            rest = PyBytes_FromStringAndSize(PyBytes_AS_STRING(request) + sent, length - sent);
            if (rest == NULL)
                return -1;
        }
    }
    if (self->write == NULL) {
        PyErr_SetString(PyExc_RuntimeError, "a request was given to a connection that is not open");
        Py_XDECREF(rest);
        return -1;
    }
    PyObject *done = PyObject_CallOneArg(self->write, rest != NULL ? rest : request);
    Py_XDECREF(rest);
    Py_XDECREF(done);
    return done == NULL ? -1 : 0;
}

static int is_closing(Line *self)
{
    if (self->is_closing == NULL)
        return 0;
    PyObject *answer = PyObject_CallNoArgs(self->is_closing);
    if (answer == NULL)
        return -1;
    int closing = PyObject_IsTrue(answer);
    Py_DECREF(answer);
    return closing;
}

/* Send one request on this idle connection; put it back to wait when the connection turns out to be dead. */
static int line_do_send(Line *self, int64_t due_ns, PyObject *endpoint, int64_t at_ns)
{
    self->due_ns = due_ns;
    self->sent_ns = at_ns;
    if (self->endpoint != endpoint)
        Py_XSETREF(self->endpoint, Py_NewRef(endpoint));
    self->busy = 1;
    self->requests++;
    PyObject *request = PyObject_GetAttr(endpoint, name_request);
    if (request == NULL)
        return -1;
    int closing = is_closing(self); /* before: a transport that closes has given its descriptor back */
    if (closing)
        self->fd = -1;
    int failed = closing < 0 ? -1 : write_request(self, request);
    Py_DECREF(request);
    if (failed)
        return -1;
    if (self->fd >= 0)
        return 0;
    closing = is_closing(self);
    if (closing <= 0)
        return closing;
    self->busy = 0;
    self->requests--;
    PyObject *waiting = Py_BuildValue("(LO)", (long long)due_ns, endpoint);
    if (waiting == NULL)
        return -1;
    PyObject *done = PyObject_CallMethodOneArg(self->backlog, name_appendleft, waiting);
    Py_DECREF(waiting);
    if (done == NULL)
        return -1;
    Py_DECREF(done);
    done = PyObject_CallMethodNoArgs((PyObject *)self, name_close);
    Py_XDECREF(done);
    return done == NULL ? -1 : 0;
}

static PyObject *line_send(Line *self, PyObject *const *args, Py_ssize_t count)
{
    if (count != 3)
        return PyErr_Format(PyExc_TypeError, "send takes due_ns, endpoint and now_ns");
    long long due_ns = PyLong_AsLongLong(args[0]);
    long long at_ns = PyLong_AsLongLong(args[2]);
    if (PyErr_Occurred() || line_do_send(self, due_ns, args[1], at_ns))
        return NULL;
    Py_RETURN_NONE;
}

/* Look the head of what was read up in the endpoint's memory: 1 found, 0 not, -1 error. */
static int look_up(Line *self, Py_ssize_t length)
{
    const char *data = self->buffer.buf;
    if (self->head != NULL && self->head_endpoint == self->endpoint && length >= self->head_length &&
        memcmp(data, PyBytes_AS_STRING(self->head), self->head_length) == 0)
        return length == self->answer_length;
    const char *end = memmem(data, length, "\r\n\r\n", 4);
    if (end == NULL)
        return 0;
    PyObject *head = PyBytes_FromStringAndSize(data, end + 4 - data);
    PyObject *heads = head != NULL ? PyObject_GetAttr(self->endpoint, name_heads) : NULL;
    PyObject *known = heads != NULL ? PyDict_GetItemWithError(heads, head) : NULL; /* borrowed */
    int found = 0;
    if (known != NULL) {
        Py_ssize_t answer_length;
        long long code;
        if (!PyArg_ParseTuple(known, "nL", &answer_length, &code)) {
            found = -1;
        } else {
            self->head_length = PyBytes_GET_SIZE(head);
            self->answer_length = answer_length;
            self->code = code;
            Py_XSETREF(self->head, Py_NewRef(head));
            Py_XSETREF(self->head_endpoint, Py_NewRef(self->endpoint));
            found = answer_length == length;
        }
    } else if (PyErr_Occurred()) {
        found = -1;
    }
    Py_XDECREF(heads);
    Py_XDECREF(head);
    return found;
}

static int record_row(Line *self, int64_t done_ns)
{
    if (self->rows != NULL)
        return rows_add(self->rows, self->due_ns, self->free_ns, self->sent_ns, done_ns, self->code);
    PyObject *row =
        Py_BuildValue("(LLLLL)", self->due_ns, self->free_ns, self->sent_ns, (long long)done_ns, self->code);
    PyObject *done = row != NULL ? PyObject_CallOneArg(self->record, row) : NULL;
    Py_XDECREF(row);
    Py_XDECREF(done);
    return done == NULL ? -1 : 0;
}

/* Send the request that waited longest if its pool may be served without asking: 1 sent, 0 not, -1 error. */
static int send_waiting(Line *self)
{
    PyObject *until = PyObject_GetAttr(self->pool, name_serve_until_ns);
    if (until == NULL)
        return -1;
    long long until_ns = PyLong_AsLongLong(until);
    Py_DECREF(until);
    if (until_ns == -1 && PyErr_Occurred())
        return -1;
    int64_t at_ns = now_ns();
    if (at_ns >= until_ns)
        return 0;
    PyObject *waiting = PyObject_CallMethodNoArgs(self->backlog, name_popleft);
    if (waiting == NULL)
        return -1;
    long long due_ns;
    PyObject *endpoint;
    int failed = !PyArg_ParseTuple(waiting, "LO", &due_ns, &endpoint) || line_do_send(self, due_ns, endpoint, at_ns);
    Py_DECREF(waiting);
    return failed ? -1 : 1;
}

static PyObject *line_buffer_updated(Line *self, PyObject *size)
{
    int64_t at_ns = now_ns();
    Py_ssize_t length = PyLong_AsSsize_t(size);
    if (length < 0 || length > self->buffer.len) {
        if (!PyErr_Occurred())
            PyErr_Format(PyExc_ValueError, "%zd bytes in a buffer of %zd", length, self->buffer.len);
        return NULL;
    }
    self->bytes_in += length;
    int known = self->fresh && self->busy ? look_up(self, length) : 0;
    if (known < 0)
        return NULL;
    if (!known)
        return PyObject_CallMethod((PyObject *)self, "_parse", "nL", length, (long long)at_ns);
    if (record_row(self, at_ns))
        return NULL;
    self->busy = 0;
    self->free_ns = at_ns;
    Py_ssize_t waiting = PyObject_Size(self->backlog);
    if (waiting < 0)
        return NULL;
    if (!waiting && !self->last)
        return PyObject_CallOneArg(self->free_append, (PyObject *)self);
    int sent = waiting && !self->last ? send_waiting(self) : 0;
    if (sent < 0)
        return NULL;
    if (sent)
        Py_RETURN_NONE;
    return PyObject_CallMethodOneArg(self->pool, name_freed, (PyObject *)self);
}

static PyMethodDef line_methods[] = {
    {"attach", (PyCFunction)line_attach, METH_VARARGS,
     "attach(write, is_closing, fd): take the transport's methods, and its socket or -1."},
    {"get_buffer", (PyCFunction)line_get_buffer, METH_O, "Return the buffer to read into."},
    {"buffer_updated", (PyCFunction)line_buffer_updated, METH_O, "Take what was read."},
    {"send", (PyCFunction)(void (*)(void))line_send, METH_FASTCALL,
     "send(due_ns, endpoint, now_ns): write one request on this idle connection."},
    {NULL},
};

static PyMemberDef line_members[] = {
    {"due_ns", T_LONGLONG, offsetof(Line, due_ns), 0, NULL},
    {"free_ns", T_LONGLONG, offsetof(Line, free_ns), 0, NULL},
    {"sent_ns", T_LONGLONG, offsetof(Line, sent_ns), 0, NULL},
    {"bytes_in", T_LONGLONG, offsetof(Line, bytes_in), 0, NULL},
    {"requests", T_LONGLONG, offsetof(Line, requests), 0, NULL},
    {"busy", T_BOOL, offsetof(Line, busy), 0, NULL},
    {"lost", T_BOOL, offsetof(Line, lost), 0, NULL},
    {"last", T_BOOL, offsetof(Line, last), 0, NULL},
    {"fresh", T_BOOL, offsetof(Line, fresh), 0, NULL},
    {"endpoint", T_OBJECT_EX, offsetof(Line, endpoint), 0, NULL},
    {NULL},
};

static PyTypeObject LineType = {
    PyVarObject_HEAD_INIT(NULL, 0)
    .tp_name = "loadgen.core._kernel.Line",
    .tp_doc = "Line(pool, view, endpoint, record, backlog, free_append): one connection's usual case.",
    .tp_basicsize = sizeof(Line),
    .tp_flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE | Py_TPFLAGS_HAVE_GC,
    .tp_new = PyType_GenericNew,
    .tp_init = (initproc)line_init,
    .tp_dealloc = (destructor)line_dealloc,
    .tp_traverse = (traverseproc)line_traverse,
    .tp_clear = (inquiry)line_clear,
    .tp_methods = line_methods,
    .tp_members = line_members,
};
