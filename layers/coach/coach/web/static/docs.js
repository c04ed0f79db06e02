// Swagger UI on our OpenAPI document. A token that is pasted there is forgotten with the page.

const place = document.getElementById("swagger-ui");
SwaggerUIBundle({
  domNode: place,
  url: place.dataset.document,
  deepLinking: true,
  filter: true,
  docExpansion: "list",
  layout: "BaseLayout",
  validatorUrl: null,
  presets: [SwaggerUIBundle.presets.apis],
});
