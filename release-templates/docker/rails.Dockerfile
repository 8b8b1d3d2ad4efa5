# {{ app | name }}: Rails. The image is the release; configuration comes from the environment when it starts.
FROM {{ image }} AS base
WORKDIR /app
ENV RAILS_ENV=production \
    RAILS_LOG_TO_STDOUT=1 \
    BUNDLE_DEPLOYMENT=1 \
    BUNDLE_PATH=/usr/local/bundle \
    BUNDLE_WITHOUT=development:test
{% if packages %}
RUN apt-get update \
    && apt-get install --yes --no-install-recommends{% for package in packages %} {{ package }}{% endfor %} \
    && rm -rf /var/lib/apt/lists/*
{% endif %}

FROM base AS build
RUN apt-get update \
    && apt-get install --yes --no-install-recommends build-essential git pkg-config{% for package in build_packages %} {{ package }}{% endfor %} \
    && rm -rf /var/lib/apt/lists/*
COPY Gemfile Gemfile.lock ./
RUN bundle install && rm -rf /usr/local/bundle/cache
COPY . .
{% if assets %}
# Assets need no secret, only Rails does.
RUN SECRET_KEY_BASE_DUMMY=1 bundle exec rails assets:precompile
{% endif %}

FROM base
RUN useradd --uid 1000 --create-home app
COPY --from=build /usr/local/bundle /usr/local/bundle
COPY --from=build --chown=1000:1000 /app /app
USER 1000:1000
{% for pair in environment %}
ENV {{ pair.name | name }}={{ pair.value | quoted }}
{% endfor %}
ENV PORT={{ port }}
EXPOSE {{ port }}
CMD {{ command | exec }}
