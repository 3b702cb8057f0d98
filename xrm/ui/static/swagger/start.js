/**
 * Starts Swagger UI on the description that the page names; calls carry the page's CSRF token.
 */

const place = document.getElementById("swagger");
const token = document.querySelector("meta[name=csrf-token]")?.content;

globalThis.SwaggerUIBundle({
  url: place.dataset.url,
  domNode: place,
  deepLinking: true,
  validatorUrl: null, // nothing is told to anybody outside
  requestInterceptor: (request) => {
    if (token) request.headers["X-CSRF-Token"] = token;
    return request;
  },
});
